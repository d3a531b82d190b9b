// SPDX-License-Identifier: Apache-2.0

// A server for tests that speaks MongoDB's wire protocol: FerretDB on SQLite, behind a door that lets one command
// through at a time. FerretDB reads a document and then writes it, and two updates of one document could both find
// what they ask for; MongoDB never lets that happen, and what is tested here rests on it.
//
// It also takes the words of transactions off the commands and agrees to each commit, so that what a client says in one
// can be tried. Nothing is undone or hidden: what transactions promise can be tested on a real server only.
//
//	ferretdb <folder> <port>
//
// It says "listening" when it does, and ends with its standard input.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"
)

// MongoDB's own bound on a message.
const maxMessage = 48_000_000

var door sync.Mutex

func message(from io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	length := int(binary.LittleEndian.Uint32(head))
	if length < 16 || length > maxMessage {
		return nil, fmt.Errorf("message of %d bytes", length)
	}
	whole := append(make([]byte, 0, length), head...)[:length]
	_, err := io.ReadFull(from, whole[4:])
	return whole, err
}

const opMsg = 2013

// The command without the words of transactions; and whether it is one that only ends a transaction.
func plain(request []byte) (whole []byte, ends bool) {
	if binary.LittleEndian.Uint32(request[12:]) != opMsg || len(request) < 26 || request[20] != 0 {
		return request, false
	}
	command, rest, ok := bsoncore.ReadDocument(request[21:])
	if !ok {
		return request, false
	}
	elements, err := command.Elements()
	if err != nil || len(elements) == 0 {
		return request, false
	}
	if name := elements[0].Key(); name == "commitTransaction" || name == "abortTransaction" {
		return request, true
	}
	if _, err := command.LookupErr("autocommit"); err != nil {
		return request, false
	}
	kept := bsoncore.NewDocumentBuilder()
	for _, element := range elements {
		switch element.Key() {
		case "txnNumber", "autocommit", "startTransaction", "readConcern":
		default:
			kept.AppendValue(element.Key(), element.Value())
		}
	}
	whole = append(append(append([]byte{}, request[:21]...), kept.Build()...), rest...)
	binary.LittleEndian.PutUint32(whole, uint32(len(whole)))
	return whole, false
}

func agreed(request []byte) []byte {
	answer := make([]byte, 21)
	copy(answer[8:12], request[4:8])
	binary.LittleEndian.PutUint32(answer[12:], opMsg)
	answer = append(answer, bsoncore.NewDocumentBuilder().AppendDouble("ok", 1).Build()...)
	binary.LittleEndian.PutUint32(answer, uint32(len(answer)))
	return answer
}

// One command and its answer. A client waits for each answer before it asks again.
func exchange(client, server net.Conn) error {
	request, err := message(client)
	if err != nil {
		return err
	}
	request, ends := plain(request)
	if ends {
		_, err = client.Write(agreed(request))
		return err
	}
	door.Lock()
	defer door.Unlock()
	if _, err = server.Write(request); err != nil {
		return err
	}
	answer, err := message(server)
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

func serve(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	for exchange(client, server) == nil {
	}
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: ferretdb <folder> <port>")
	}
	ctx, cancel := context.WithCancel(context.Background())
	inner, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[1] + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- inner.Run(ctx) }()
	at, err := url.Parse(inner.MongoDBURI())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client, at.Host)
		}
	}()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
}
