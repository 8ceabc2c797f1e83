package shtrih

// Bits of the Flags of the printing commands.
const (
	OnJournal byte = 1 << 0
	OnReceipt byte = 1 << 1
	OnSlip    byte = 1 << 2
	WrapText  byte = 1 << 6
	Deferred  byte = 1 << 7
)

// PrintBold prints a line in the bold font (12h).
type PrintBold struct {
	Password uint32
	Flags    byte
	Text     string
}

// Code is 12h.
func (PrintBold) Code() Code { return CodePrintBold }

func (r *PrintBold) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Flags)
	c.text(&r.Text, 20, MaxMessage)
}

// PrintString prints a line in the first font (17h).
type PrintString struct {
	Password uint32
	Flags    byte
	Text     string
}

// Code is 17h.
func (PrintString) Code() Code { return CodePrintString }

func (r *PrintString) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Flags)
	c.text(&r.Text, 40, MaxMessage)
}

// PrintFont prints a line in a font of choice (2Fh).
type PrintFont struct {
	Password uint32
	Flags    byte
	Font     byte
	Text     string
}

// Code is 2Fh.
func (PrintFont) Code() Code { return CodePrintFont }

func (r *PrintFont) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Flags)
	u8(c, &r.Font)
	c.text(&r.Text, 40, MaxMessage)
}

// PrintHeader prints the head of a document (18h).
type PrintHeader struct {
	Password uint32
	Name     string
	Number   uint16
}

// Code is 18h.
func (PrintHeader) Code() Code { return CodePrintHeader }

func (r *PrintHeader) layout(c *cursor) {
	u32(c, &r.Password)
	c.name(&r.Name, 30)
	u16(c, &r.Number)
}

// DocumentNumberAnswer is the answer to the commands that print a non-fiscal
// document and number it: 18h, 50h and 51h.
type DocumentNumberAnswer struct {
	For      Code
	Operator byte
	Document uint16 // through number
	Tail     []byte
}

// Code is the command this answers.
func (a DocumentNumberAnswer) Code() Code { return a.For }

func (a *DocumentNumberAnswer) layout(c *cursor) {
	u8(c, &a.Operator)
	u16(c, &a.Document)
	c.bytes(&a.Tail)
}

// FontParams asks for the size of a font (26h).
type FontParams struct {
	Password uint32
	Font     byte
}

// Code is 26h.
func (FontParams) Code() Code { return CodeFontParams }

func (r *FontParams) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Font)
}

// FontAnswer is the answer to 26h; all in dots.
type FontAnswer struct {
	Width      uint16 // of the printed area
	CharWidth  byte
	CharHeight byte
	Fonts      byte // how many fonts there are
	Tail       []byte
}

// Code is 26h.
func (FontAnswer) Code() Code { return CodeFontParams }

func (a *FontAnswer) layout(c *cursor) {
	u16(c, &a.Width)
	u8(c, &a.CharWidth)
	u8(c, &a.CharHeight)
	u8(c, &a.Fonts)
	c.bytes(&a.Tail)
}

// Cut cuts the paper (25h).
type Cut struct {
	Password uint32
	Partial  bool
}

// Code is 25h.
func (Cut) Code() Code { return CodeCut }

func (r *Cut) layout(c *cursor) {
	u32(c, &r.Password)
	c.flag(&r.Partial)
}

// OpenDrawer pushes a cash drawer open (28h).
type OpenDrawer struct {
	Password uint32
	Drawer   byte
}

// Code is 28h.
func (OpenDrawer) Code() Code { return CodeOpenDrawer }

func (r *OpenDrawer) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Drawer)
}

// Feed moves the paper (29h).
type Feed struct {
	Password uint32
	Flags    byte
	Lines    byte
}

// Code is 29h.
func (Feed) Code() Code { return CodeFeed }

func (r *Feed) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Flags)
	u8(c, &r.Lines)
}

// PrintRegisters prints the operation registers (2Ch).
type PrintRegisters struct{ Password uint32 }

// Code is 2Ch.
func (PrintRegisters) Code() Code          { return CodePrintRegisters }
func (r *PrintRegisters) layout(c *cursor) { u32(c, &r.Password) }

// PrintClicheHead prints the head of the receipt (52h).
type PrintClicheHead struct{ Password uint32 }

// Code is 52h.
func (PrintClicheHead) Code() Code          { return CodePrintClicheHead }
func (r *PrintClicheHead) layout(c *cursor) { u32(c, &r.Password) }

// PrintDocumentEnd prints the end of a document (53h).
type PrintDocumentEnd struct {
	Password  uint32
	Parameter byte // 0 without the advertisement, 1 with it
}

// Code is 53h.
func (PrintDocumentEnd) Code() Code { return CodePrintDocumentEnd }

func (r *PrintDocumentEnd) layout(c *cursor) {
	u32(c, &r.Password)
	u8(c, &r.Parameter)
}

// PrintAdvert prints the advertisement (54h).
type PrintAdvert struct{ Password uint32 }

// Code is 54h.
func (PrintAdvert) Code() Code          { return CodePrintAdvert }
func (r *PrintAdvert) layout(c *cursor) { u32(c, &r.Password) }

// ContinuePrint goes on with a document after new paper (B0h): the only way
// out of submode 3.
type ContinuePrint struct{ Password uint32 }

// Code is B0h.
func (ContinuePrint) Code() Code          { return CodeContinuePrint }
func (r *ContinuePrint) layout(c *cursor) { u32(c, &r.Password) }

// RepeatDocument prints a copy of the last receipt (8Ch).
type RepeatDocument struct{ Password uint32 }

// Code is 8Ch.
func (RepeatDocument) Code() Code          { return CodeRepeatDocument }
func (r *RepeatDocument) layout(c *cursor) { u32(c, &r.Password) }

// OpenNonFiscal opens a document of plain text (E2h), mode 48h.
type OpenNonFiscal struct{ Password uint32 }

// Code is E2h.
func (OpenNonFiscal) Code() Code          { return CodeOpenNonFiscal }
func (r *OpenNonFiscal) layout(c *cursor) { u32(c, &r.Password) }

// CloseNonFiscal closes the document of plain text (E3h).
type CloseNonFiscal struct{ Password uint32 }

// Code is E3h.
func (CloseNonFiscal) Code() Code          { return CodeCloseNonFiscal }
func (r *CloseNonFiscal) layout(c *cursor) { u32(c, &r.Password) }
