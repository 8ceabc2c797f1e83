package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// version is what is packaged: a number of https://semver.org, and the moment
// of the commit it is made of.
type version struct {
	major, minor, patch int
	pre                 string // "beta.2", "dev.20260304050607", or nothing
	at                  time.Time
}

var semver = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$`)

// parseVersion reads "v1.2.3" or "1.3.0-beta.2".
func parseVersion(text string, at time.Time) (version, error) {
	m := semver.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("version %q is not like 1.2.3 or 1.3.0-beta.2", text)
	}
	v := version{pre: m[4], at: at.UTC()}
	for i, to := range []*int{&v.major, &v.minor, &v.patch} {
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return version{}, fmt.Errorf("version %q: %w", text, err)
		}
		*to = n
	}
	return v, nil
}

// afterTag is the version of a commit that has no tag of its own: newer than
// the tag before it, older than the release to come.
func afterTag(tag string, at time.Time) (version, error) {
	v := version{}
	if tag != "" {
		var err error
		if v, err = parseVersion(tag, at); err != nil {
			return v, err
		}
		v.patch++
	}
	v.at = at.UTC()
	v.pre = "dev." + v.at.Format("20060102150405")
	return v, nil
}

func (v version) number() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch) }

// String is what the programs say of themselves.
func (v version) String() string {
	if v.pre == "" {
		return v.number()
	}
	return v.number() + "-" + v.pre
}

// tilde is the version for dpkg and rpm, to which a tilde sorts before nothing.
func (v version) tilde() string {
	if v.pre == "" {
		return v.number()
	}
	return v.number() + "~" + strings.ReplaceAll(v.pre, "-", ".")
}

var apkSuffix = regexp.MustCompile(`^(alpha|beta|rc)(?:\.?(\d{1,9}))?$`)

// apk is the version for Alpine, whose grammar knows four words for what comes
// before a release (apk-package(5)) and numbers of 32 bits.
func (v version) apk() (string, error) {
	if v.pre == "" {
		return v.number(), nil
	}
	if strings.HasPrefix(v.pre, "dev.") {
		return fmt.Sprintf("%s_pre%d", v.number(), v.at.Unix()), nil
	}
	m := apkSuffix.FindStringSubmatch(v.pre)
	if m == nil {
		return "", errors.New("Alpine's packages know alpha, beta and rc with a number, not " + v.pre)
	}
	return v.number() + "_" + m[1] + m[2], nil
}

// of is the version for one format of packages.
func (v version) of(format string) (string, error) {
	if format == "apk" {
		return v.apk()
	}
	return v.tilde(), nil
}
