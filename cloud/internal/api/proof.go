package api

import (
	"context"
	"errors"
	"strings"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

// proven gives [access.ErrProve] unless the caller proved lately who they are. The door asks it for the methods that are always
// dangerous (package access); a handler asks it where only some acts are.
func (s *Server) proven(ctx context.Context) error {
	return access.PersonFrom(ctx).Proven(s.Now())
}

// orderly gives what the caller has to do before a method answers: accept the terms, set up a second factor, prove who they are.
// Without the first two they may still look after their own account, for there they do it.
func (s *Server) orderly(ctx context.Context, procedure string) error {
	p := access.PersonFrom(ctx)
	if p == nil {
		return nil
	}
	if due := p.Standing.Due; due != nil && !strings.HasPrefix(procedure, "/"+cabinetv1connect.AccessServiceName+"/") {
		return due
	}
	if access.Dangerous(procedure) {
		return s.proven(ctx)
	}
	return nil
}

// refused tells why something that was typed is not taken, and in which field.
func refused(r *access.Refusal) error {
	e := connect.NewError(connect.CodeInvalidArgument, errors.New(r.Text))
	e.Meta().Set(reasonHeader, r.Reason)
	e.Meta().Set(fieldHeader, r.Field)
	return e
}
