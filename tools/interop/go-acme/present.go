package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"

	"golang.org/x/crypto/acme"
)

// present puts the answer to a challenge in place; the function it returns takes it away again.
func present(c *acme.Client, o options, challenge *acme.Challenge, name string) (func(), error) {
	switch challenge.Type {
	case "http-01":
		answer, err := c.HTTP01ChallengeResponse(challenge.Token)
		if err != nil {
			return nil, err
		}
		mux := http.NewServeMux()
		mux.HandleFunc(c.HTTP01ChallengePath(challenge.Token), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, answer)
		})
		return listen(o.listen, mux, nil)
	case "tls-alpn-01":
		certificate, err := c.TLSALPN01ChallengeCert(challenge.Token, name)
		if err != nil {
			return nil, err
		}
		return listen(o.listen, http.NotFoundHandler(), &tls.Config{
			Certificates: []tls.Certificate{certificate},
			NextProtos:   []string{acme.ALPNProto},
		})
	case "dns-01":
		record := "_acme-challenge." + name
		value, err := c.DNS01ChallengeRecord(challenge.Token)
		if err != nil {
			return nil, err
		}
		if said, err := exec.Command(o.hook, "present", record, value).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", o.hook, err, said)
		}
		return func() { _ = exec.Command(o.hook, "cleanup", record, value).Run() }, nil
	}
	return nil, fmt.Errorf("%s is not a known challenge", challenge.Type)
}

func listen(address string, handler http.Handler, config *tls.Config) (func(), error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}
