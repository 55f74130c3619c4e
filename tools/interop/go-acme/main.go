// A program on golang.org/x/crypto/acme and its autocert, as the interop run drives it: it does what a Go program
// with these packages does, one task a process. The authority's root comes from SSL_CERT_FILE.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
)

const usage = `go-acme obtain|revoke|serve

  obtain  proves -names by -challenge and writes -out.crt and -out.key
  revoke  revokes -out.crt as superseded
  serve   is a TLS server on -listen with autocert, which obtains a certificate when -names are first asked for
`

type options struct {
	directory string
	account   string
	challenge string
	listen    string
	hook      string
	names     []string
	out       string
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal(usage)
	}
	o, names := options{}, ""
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.StringVar(&o.directory, "directory", "", "URL of the ACME directory")
	flags.StringVar(&o.account, "account", "account.key", "file of the account's key, made when missing")
	flags.StringVar(&o.challenge, "challenge", "http-01", "type of challenge")
	flags.StringVar(&o.listen, "listen", "", "address of the listener for http-01, tls-alpn-01 or serve")
	flags.StringVar(&o.hook, "hook", "", "program that sets (present NAME VALUE) and removes (cleanup NAME VALUE) a TXT record")
	flags.StringVar(&names, "names", "", "DNS names, with commas between")
	flags.StringVar(&o.out, "out", "certificate", "files of certificate and key, without extension; a folder for serve")
	_ = flags.Parse(os.Args[2:])
	o.names = strings.Split(names, ",")

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	switch os.Args[1] {
	case "obtain":
		err = obtain(ctx, o)
	case "revoke":
		err = revoke(ctx, o)
	case "serve":
		err = serve(o)
	default:
		err = errors.New(usage)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// client is one with an account, old or new.
func client(ctx context.Context, o options) (*acme.Client, error) {
	key, err := keyIn(o.account)
	if err != nil {
		return nil, err
	}
	c := &acme.Client{Key: key, DirectoryURL: o.directory}
	_, err = c.Register(ctx, &acme.Account{Contact: []string{"mailto:admin@go-acme.internal"}}, acme.AcceptTOS)
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return nil, err
	}
	return c, nil
}

func revoke(ctx context.Context, o options) error {
	c, err := client(ctx, o)
	if err != nil {
		return err
	}
	leaf, err := firstBlock(o.out + ".crt")
	if err != nil {
		return err
	}
	return c.RevokeCert(ctx, nil, leaf, acme.CRLReasonSuperseded)
}
