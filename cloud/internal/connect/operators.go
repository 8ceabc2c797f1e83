package connect

import cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"

// Operators is the directory of operators of fiscal data: in Russia those of the tax service's register with the address their
// tills send to, as the operators publish it; in Kazakhstan by name, for each client gets an address of its own.
func Operators() []*cabinetv1.Operator {
	list := make([]*cabinetv1.Operator, 0, len(operators))
	for _, o := range operators {
		list = append(list, &cabinetv1.Operator{TaxId: o.taxID, Name: o.name, Country: o.country, Address: o.address})
	}
	return list
}

var operators = []struct{ country, taxID, name, address string }{
	{"kz", "", "ОФД «Jusan Mobile»", ""},
	{"kz", "", "ОФД «TNS Plus»", ""},
	{"kz", "", "ОФД «Транстелеком»", ""},
	{"kz", "", "Казахтелеком", ""},
	{"ru", "7841465198", "OFD.RU (Петер-Сервис)", "gate.ofd.ru:4000"},
	{"ru", "4029017981", "Астрал.ОФД", "ofd.astralnalog.ru:7777"},
	{"ru", "7729633131", "Гарант ОФД", "ofd.garantexpress.ru:30801"},
	{"ru", "7802870820", "Дримкас ОФД", "ofd.dreamkas.ru:21101"},
	{"ru", "6658497833", "Контур.ОФД", "ofd.kontur.ru:7777"},
	{"ru", "7728699517", "ОФД-Я", "connect.ofd-ya.ru:7779"},
	{"ru", "7709364346", "Первый ОФД", "k-server.1-ofd.ru:7777"},
	{"ru", "9715260691", "Платформа ОФД", "ofdp.platformaofd.ru:21101"},
	{"ru", "7605016030", "СБИС ОФД", "kkt.sbis.ru:7777"},
	{"ru", "7704211201", "Такском", "f1.taxcom.ru:7777"},
	{"ru", "7704358518", "Яндекс.ОФД", "kkt.ofd.yandex.net:12345"},
}
