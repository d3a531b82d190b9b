// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never, notFound } from '../../kernel/index.js';
import type { AddLocation, Location, UpdateLocation, VirtualHost } from '../../schemas/index.js';
import { merged, withDefaults } from '../workspace/changed.js';
import { completeLocation } from './input.js';

/** One location of a host by its path, which no two of a host share; `at` is RFC 3339. */
export type LocationCommand =
  | {
      readonly type: 'add-location';
      readonly id: string;
      readonly body: AddLocation;
      readonly at: string;
    }
  | {
      readonly type: 'update-location';
      readonly id: string;
      readonly path: string;
      readonly body: UpdateLocation;
      readonly at: string;
    }
  | { readonly type: 'remove-location'; readonly id: string; readonly path: string; readonly at: string };

const LISTS = { custom_headers: [], rewrite_rules: [], custom_directives: [] };

/** The host's locations after the command, and the path of the one that it is about. */
export function changedLocations(
  command: LocationCommand,
  { locations }: VirtualHost,
): { readonly locations: Location[]; readonly path: string } {
  switch (command.type) {
    case 'add-location': {
      const { path } = command.body;
      refuseTaken(locations, path);
      return { locations: [...locations, completeLocation(command.body)], path };
    }
    case 'update-location': {
      const index = indexOf(locations, command.path);
      const { path = command.path } = command.body;
      if (path !== command.path) {
        refuseTaken(locations, path);
      }
      const current = locations[index] as Location;
      const { custom_headers, rewrite_rules, ...rest } = withDefaults(command.body, LISTS);
      const lists = completeLocation({
        path,
        custom_headers: custom_headers ?? current.custom_headers,
        rewrite_rules: rewrite_rules ?? current.rewrite_rules,
      });
      const next = merged(current, {
        ...rest,
        custom_headers: lists.custom_headers,
        rewrite_rules: lists.rewrite_rules,
      });
      return { locations: locations.with(index, next), path };
    }
    case 'remove-location':
      return {
        locations: locations.toSpliced(indexOf(locations, command.path), 1),
        path: command.path,
      };
    default:
      return never(command, 'command of a location');
  }
}

function indexOf(locations: readonly Location[], path: string): number {
  const index = locations.findIndex((one) => one.path === path);
  if (index < 0) {
    throw notFound('location');
  }
  return index;
}

function refuseTaken(locations: readonly Location[], path: string): void {
  if (locations.some((one) => one.path === path)) {
    throw conflict('The path is taken', [detail('path', 'DUPLICATE', 'Another location has this path')]);
  }
}
