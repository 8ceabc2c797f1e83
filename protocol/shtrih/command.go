package shtrih

// Command is what there is to know of a command besides its layout.
type Command struct {
	Code      Code
	Name      string
	TimeoutMS int  // how long to wait for the answer
	Commits   bool // must never be sent again blindly
	Prints    bool // needs a printer that is ready
	ReadOnly  bool // changes nothing, may be repeated
}

// Describe finds a command.
func Describe(code Code) Command { return Command{Code: code, TimeoutMS: 30000} }

// Allowed tells whether the command is allowed in the mode.
func Allowed(code Code, mode Mode) bool { return true }

// Model is the model code of FCh.
type Model byte
