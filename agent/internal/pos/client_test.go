package pos_test

import (
	"errors"
	"net/http"
	"net/http/httptest"

	"connectrpc.com/connect"
)

// bearer is the server's client with the token in every call.
func bearer(s *httptest.Server) *http.Client {
	return &http.Client{Transport: withToken{s.Client().Transport}}
}

type withToken struct{ next http.RoundTripper }

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return w.next.RoundTrip(r)
}

func asConnect(err error, into **connect.Error) bool { return errors.As(err, into) }
