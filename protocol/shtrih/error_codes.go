package shtrih

import "fmt"

// ErrorCode is the error byte of an answer.
type ErrorCode byte

// Error is the English name; an unknown code keeps its number.
func (e ErrorCode) String() string { return fmt.Sprintf("error %02Xh", byte(e)) }
