package fiscal

// CRC16 is CRC-16/CCITT-FALSE, going on from crc: polynomial 1021h, neither
// reflected nor inverted; begin with FFFFh. Registration numbers, the fiscal
// memory's frames, the operator's messages and Shtrih-M's packets are checked
// by it.
func CRC16(crc uint16, b []byte) uint16 {
	for _, x := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^x]
	}
	return crc
}

var crcTable = func() (t [256]uint16) {
	for i := range t {
		crc := uint16(i) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
		t[i] = crc
	}
	return t
}()
