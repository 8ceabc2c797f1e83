package fiscal

import (
	"errors"
	"fmt"
	"strings"
)

// CheckINN checks a taxpayer's number: 10 digits of an organisation or 12 of a
// person, with their control digits.
func CheckINN(inn string) error {
	if strings.Trim(inn, "0123456789") != "" || inn == "" {
		return errors.New("ИНН состоит из цифр")
	}
	digit := func(weights string) byte {
		sum := 0
		for i := range weights {
			// The weights are written as letters: a is 0, k is 10.
			sum += int(weights[i]-'a') * int(inn[i]-'0')
		}
		return byte('0' + sum%11%10)
	}
	switch len(inn) {
	case 10:
		if digit("cekdfjegi") != inn[9] {
			return errors.New("контрольная цифра ИНН не сходится: проверьте, нет ли опечатки")
		}
	case 12:
		if digit("hcekdfjegi") != inn[10] || digit("dhcekdfjegi") != inn[11] {
			return errors.New("контрольные цифры ИНН не сходятся: проверьте, нет ли опечатки")
		}
	default:
		return fmt.Errorf("в ИНН 10 цифр у организации и 12 у человека, пришло %d", len(inn))
	}
	return nil
}

// CheckRNM checks a registration number (tag 1037) against the taxpayer and
// the factory number it was given for: its last six digits are their CRC.
func CheckRNM(rnm, inn, serial string) error {
	if len(rnm) != 16 || strings.Trim(rnm, "0123456789") != "" {
		return fmt.Errorf("в регистрационном номере 16 цифр, пришло %q", rnm)
	}
	if len(inn) > 12 || len(serial) > 20 {
		return errors.New("ИНН или заводской номер длиннее, чем бывают")
	}
	if rnm[10:] != rnmCheck(rnm[:10], inn, serial) {
		return errors.New("регистрационный номер не подходит к этим ИНН и заводскому номеру: проверьте все три")
	}
	return nil
}

// MakeRNM gives the registration number whose first ten digits are number: what
// the tax service would give. Tests and the simulated till need it.
func MakeRNM(number, inn, serial string) string { return number + rnmCheck(number, inn, serial) }

// rnmCheck is CRC-16/CCITT-FALSE of the number, the taxpayer's number in 12 and the factory number in 20 places,
// both with zeros on the left; six decimal digits. Checked against a real registration: see the test.
func rnmCheck(number, inn, serial string) string {
	text := number + strings.Repeat("0", 12-len(inn)) + inn + strings.Repeat("0", 20-len(serial)) + serial
	return fmt.Sprintf("%06d", CRC16(0xFFFF, []byte(text)))
}
