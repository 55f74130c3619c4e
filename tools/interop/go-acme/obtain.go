package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"golang.org/x/crypto/acme"
)

func obtain(ctx context.Context, o options) error {
	c, err := client(ctx, o)
	if err != nil {
		return err
	}
	order, err := c.AuthorizeOrder(ctx, acme.DomainIDs(o.names...))
	if err != nil {
		return err
	}
	for _, url := range order.AuthzURLs {
		if err := prove(ctx, c, o, url); err != nil {
			return err
		}
	}
	if _, err = c.WaitOrder(ctx, order.URI); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: o.names}, key)
	if err != nil {
		return err
	}
	chain, _, err := c.CreateCertFromOrder(ctx, order, csr, true)
	if err != nil {
		return err
	}
	if err := writeKey(o.out+".key", key); err != nil {
		return err
	}
	return writeBlocks(o.out+".crt", "CERTIFICATE", chain...)
}

func prove(ctx context.Context, c *acme.Client, o options, url string) error {
	authorization, err := c.GetAuthorization(ctx, url)
	if err != nil || authorization.Status == acme.StatusValid {
		return err
	}
	for _, challenge := range authorization.Challenges {
		if challenge.Type != o.challenge {
			continue
		}
		remove, err := present(c, o, challenge, authorization.Identifier.Value)
		if err != nil {
			return err
		}
		defer remove()
		if _, err := c.Accept(ctx, challenge); err != nil {
			return err
		}
		_, err = c.WaitAuthorization(ctx, url)
		return err
	}
	return fmt.Errorf("%s is not offered for %s", o.challenge, authorization.Identifier.Value)
}
