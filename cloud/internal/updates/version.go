package updates

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// form is a semantic version (semver.org 2.0.0) without build metadata.
var form = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$`)

// canonical is a version as releases name it: programs may say v1.2.3+build of themselves.
func canonical(version string) string {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "+")
	return version
}

// newer tells whether a is a later version than b; what is no version is later than nothing.
func newer(a, b string) bool {
	va, vb := form.FindStringSubmatch(canonical(a)), form.FindStringSubmatch(canonical(b))
	if va == nil || vb == nil {
		return va != nil
	}
	return compare(va, vb) > 0
}

// compare orders two matches of form (§11 of the specification).
func compare(a, b []string) int {
	for i := 1; i <= 3; i++ {
		x, _ := strconv.Atoi(a[i]) // nine digits at most
		y, _ := strconv.Atoi(b[i])
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	switch {
	case a[4] == "" || b[4] == "": // a pre-release comes before its release
		return cmp.Compare(len(b[4]), len(a[4]))
	}
	x, y := strings.Split(a[4], "."), strings.Split(b[4], ".")
	for i := range min(len(x), len(y)) {
		if c := identifiers(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

func identifiers(a, b string) int {
	na, nb := strings.Trim(a, "0123456789") == "", strings.Trim(b, "0123456789") == ""
	switch {
	case na && nb:
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) // no leading zeros
	case na:
		return -1
	case nb:
		return 1
	}
	return strings.Compare(a, b)
}
