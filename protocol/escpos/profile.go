package escpos

// QRMode is how a printer makes QR codes.
type QRMode uint8

// QR modes.
const (
	QRRaster QRMode = iota // as an image
	QRNative               // by GS ( k
)

// CutMode is what a printer's knife can do.
type CutMode uint8

// Cut modes.
const (
	CutNone    CutMode = iota // a toothed edge: feed the paper out
	CutPartial                // a bridge is left
	CutFull
)

// Profile is what differs between printers.
type Profile struct {
	Name  string // short name, as in configuration
	Title string // as a person knows the printer
	// Columns is how many characters of font A a line has, Dots how wide the
	// paper is; ColumnsB is the same of font B, 0 when it has none.
	Columns, ColumnsB, Dots int
	// Charset is the Cyrillic page, CodePage its number for ESC t. A printer
	// without one prints text as an image.
	Charset  Charset
	CodePage byte
	QR       QRMode
	Cut      CutMode
	// NearEnd says that it has a sensor for the end of the roll.
	NearEnd bool
	// Silent says that it answers nothing: what became of a slip is never known.
	Silent bool
}

// Cyrillic tells whether the printer has Cyrillic letters of its own.
func (p Profile) Cyrillic() bool { return p.Charset != Raster }

// Profiles are the printers known, by the public capability lists of their
// makers' command references: numbers of code pages differ between makers and
// even between models of one.
var Profiles = []Profile{
	{Name: "epson-80", Title: "Epson TM-T20, TM-T88 и подобные, 80 мм", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "epson-80-42", Title: "Epson TM-T88 в режиме 42 знаков, 80 мм", Columns: 42, ColumnsB: 56, Dots: 512, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "epson-58", Title: "Epson TM, 58 мм", Columns: 32, ColumnsB: 42, Dots: 384, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "epson-1251", Title: "Epson TM, кодовая страница Windows-1251, 80 мм", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP1251, CodePage: 46, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "citizen", Title: "Citizen CT-S651", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 7, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "bixolon", Title: "Bixolon SRP-S300", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "seiko", Title: "Seiko RP-F10", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutPartial, NearEnd: true},
	{Name: "rongta", Title: "Rongta RP326, RP332; Wincor TH230", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 7, QR: QRNative, Cut: CutPartial},
	{Name: "rongta-1251", Title: "Rongta RP326, кодовая страница Windows-1251", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP1251, CodePage: 6, QR: QRNative, Cut: CutPartial},
	{Name: "star", Title: "Star SP2000, TSP600, TSP800, TUP500 (режим ESC/POS)", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 10, QR: QRRaster, Cut: CutPartial, NearEnd: true},
	{Name: "star-1251", Title: "Star (режим ESC/POS), кодовая страница Windows-1251", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP1251, CodePage: 34, QR: QRRaster, Cut: CutPartial, NearEnd: true},
	{Name: "aures", Title: "Aures", Columns: 42, Dots: 512, Charset: CP866, CodePage: 11, QR: QRRaster, Cut: CutPartial},
	{Name: "kefar", Title: "Kefar KR-306, YHD-8390", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP866, CodePage: 12, QR: QRRaster, Cut: CutPartial},
	{Name: "kefar-1251", Title: "Kefar KR-306, кодовая страница Windows-1251", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP1251, CodePage: 51, QR: QRRaster, Cut: CutPartial},
	{Name: "yhd-1251", Title: "YHD-8390, кодовая страница Windows-1251", Columns: 48, ColumnsB: 64, Dots: 576, Charset: CP1251, CodePage: 18, QR: QRRaster, Cut: CutPartial},
	{Name: "pos-58", Title: "Netum, POS-5890, P822D, ZJ-5870 и подобные, 58 мм", Columns: 32, ColumnsB: 42, Dots: 384, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutNone},
	{Name: "netum-59", Title: "Netum, страница CP866 под номером 59, 58 мм", Columns: 32, ColumnsB: 42, Dots: 384, Charset: CP866, CodePage: 59, QR: QRNative, Cut: CutNone},
	{Name: "netum-1251", Title: "Netum, кодовая страница Windows-1251, 58 мм", Columns: 32, ColumnsB: 42, Dots: 384, Charset: CP1251, CodePage: 73, QR: QRNative, Cut: CutNone},
	{Name: "sunmi", Title: "Sunmi V2, 58 мм", Columns: 32, ColumnsB: 42, Dots: 384, Charset: CP866, CodePage: 17, QR: QRNative, Cut: CutNone},
	{Name: "simple-58", Title: "Без русских букв, 58 мм: текст картинкой", Columns: 32, Dots: 384, Charset: Raster, QR: QRRaster, Cut: CutNone},
	{Name: "simple-80", Title: "Без русских букв, 80 мм: текст картинкой", Columns: 48, Dots: 576, Charset: Raster, QR: QRRaster, Cut: CutPartial},
}

// DefaultProfile is what most printers in shops answer to.
const DefaultProfile = "epson-80"

// FindProfile finds a profile by its short name; "" is [DefaultProfile].
func FindProfile(name string) (Profile, bool) {
	if name == "" {
		name = DefaultProfile
	}
	for _, p := range Profiles {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}
