// Verifies a chain as a Go program would: verify CHAIN ROOTS CRLS NAME prints good, or why not. Every certificate below the root is looked up
// on the CRL of its signer; without one in force the chain is refused. CRLS may be "-": then revocation is not asked for.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"time"
)

func blocks(path string, kind string) [][]byte {
	rest, err := os.ReadFile(path)
	fail(err)
	var found [][]byte
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return found
		}
		if block.Type == kind {
			found = append(found, block.Bytes)
		}
	}
}

func certificates(path string) []*x509.Certificate {
	var found []*x509.Certificate
	for _, der := range blocks(path, "CERTIFICATE") {
		certificate, err := x509.ParseCertificate(der)
		fail(err)
		found = append(found, certificate)
	}
	return found
}

func fail(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	chain, roots := certificates(os.Args[1]), x509.NewCertPool()
	for _, root := range certificates(os.Args[2]) {
		roots.AddCert(root)
	}
	between := x509.NewCertPool()
	for _, each := range chain[1:] {
		between.AddCert(each)
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if net.ParseIP(os.Args[4]) == nil {
		options.DNSName = os.Args[4]
	}
	verified, err := chain[0].Verify(options)
	fail(err)
	if os.Args[3] == "-" {
		fmt.Println("good")
		return
	}
	var lists []*x509.RevocationList
	for _, der := range blocks(os.Args[3], "X509 CRL") {
		list, err := x509.ParseRevocationList(der)
		fail(err)
		lists = append(lists, list)
	}
	for index, each := range verified[0][:len(verified[0])-1] {
		fail(look(each, verified[0][index+1], lists))
	}
	fmt.Println("good")
}

func look(certificate, signer *x509.Certificate, lists []*x509.RevocationList) error {
	for _, list := range lists {
		if list.CheckSignatureFrom(signer) != nil || time.Now().After(list.NextUpdate) {
			continue
		}
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
				return fmt.Errorf("revoked: %s", certificate.Subject)
			}
		}
		return nil
	}
	return fmt.Errorf("no CRL in force of %s", signer.Subject)
}
