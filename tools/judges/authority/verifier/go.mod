module upki/verifier

go 1.21
