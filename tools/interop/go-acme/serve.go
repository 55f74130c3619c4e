package main

import (
	"net/http"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

func serve(o options) error {
	manager := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(o.out),
		HostPolicy: autocert.HostWhitelist(o.names...),
		Email:      "admin@go-acme.internal",
		Client:     &acme.Client{DirectoryURL: o.directory},
	}
	server := &http.Server{Addr: o.listen, TLSConfig: manager.TLSConfig(), Handler: http.NotFoundHandler()}
	return server.ListenAndServeTLS("", "")
}
