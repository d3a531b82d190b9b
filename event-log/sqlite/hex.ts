export const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
