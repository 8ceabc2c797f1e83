package api

// receiptWords are the words of what buyers see and get.
type receiptWords struct {
	Code                                      string
	Sum, At, Check, CheckText, PDF, Own, Till string
	Expires, NoSlip                           string
	Unknown, UnknownTodo, Ended, EndedTodo    string
	Revoked, TooOften, TooOftenTodo, Broken   string
	LetterSubject, LetterHello, LetterText    string
	LetterWhy                                 string
}

var receiptLanguages = map[string]receiptWords{
	"ru": {
		Code: "ru", Sum: "Сумма", At: "Время", Check: "Проверить чек", PDF: "Скачать PDF", Own: "Эта страница", Till: "касса",
		CheckText: "Чек можно проверить в налоговой службе: приложение «Проверка чеков ФНС России» или kkt-online.nalog.ru. Понадобятся время, сумма, ФН, ФД и ФПД, они указаны выше.",
		Expires:   "Ссылка действует до", NoSlip: "Сам чек ещё не передан из кассы. Его номера уже известны, обновите страницу позже.",
		Unknown: "Такой ссылки нет", UnknownTodo: "Проверьте, целиком ли скопирован адрес, или попросите магазин прислать чек ещё раз.",
		Ended: "Срок ссылки вышел", EndedTodo: "Попросите магазин прислать чек ещё раз.", Revoked: "Магазин закрыл эту ссылку",
		TooOften: "Слишком много запросов", TooOftenTodo: "Подождите минуту и откройте страницу снова.", Broken: "Не получилось показать чек",
		LetterSubject: "Ваш чек", LetterHello: "Здравствуйте!", LetterText: "Ваш кассовый чек:",
		LetterWhy: "Магазин отправил это письмо по вашей просьбе. Если вы ничего не просили, удалите его.",
	},
	"kk": {
		Code: "kk", Sum: "Сома", At: "Уақыты", Check: "Чекті тексеру", PDF: "PDF жүктеп алу", Own: "Осы бет", Till: "касса",
		CheckText: "Чекті салық қызметінде тексеруге болады: «Проверка чеков ФНС России» қосымшасы немесе kkt-online.nalog.ru. Жоғарыда көрсетілген уақыт, сома, ФН, ФД және ФПД керек болады.",
		Expires:   "Сілтеменің жарамдылық мерзімі:", NoSlip: "Чектің өзі кассадан әлі келген жоқ. Нөмірлері белгілі, бетті кейінірек жаңартыңыз.",
		Unknown: "Мұндай сілтеме жоқ", UnknownTodo: "Мекенжай толық көшірілгенін тексеріңіз немесе дүкеннен чекті қайта жіберуді сұраңыз.",
		Ended: "Сілтеменің мерзімі өтті", EndedTodo: "Дүкеннен чекті қайта жіберуді сұраңыз.", Revoked: "Дүкен бұл сілтемені жапты",
		TooOften: "Сұраулар тым көп", TooOftenTodo: "Бір минут күтіп, бетті қайта ашыңыз.", Broken: "Чекті көрсету мүмкін болмады",
		LetterSubject: "Сіздің чегіңіз", LetterHello: "Сәлеметсіз бе!", LetterText: "Сіздің касса чегіңіз:",
		LetterWhy: "Дүкен бұл хатты сіздің өтінішіңіз бойынша жіберді. Ештеңе сұрамаған болсаңыз, оны жойыңыз.",
	},
	"en": {
		Code: "en", Sum: "Total", At: "Time", Check: "Check the receipt", PDF: "Download PDF", Own: "This page", Till: "till",
		CheckText: "The receipt can be checked with the tax service: the app “Проверка чеков ФНС России” or kkt-online.nalog.ru. It asks for the time, total, ФН, ФД and ФПД shown above.",
		Expires:   "The link works until", NoSlip: "The receipt itself has not come from the till yet. Its numbers are known already, reload the page later.",
		Unknown: "There is no such link", UnknownTodo: "See whether the whole address was copied, or ask the shop to send the receipt again.",
		Ended: "The time of this link is up", EndedTodo: "Ask the shop to send the receipt again.", Revoked: "The shop has closed this link",
		TooOften: "Too many requests", TooOftenTodo: "Wait a minute and open the page again.", Broken: "The receipt could not be shown",
		LetterSubject: "Your receipt", LetterHello: "Hello!", LetterText: "Your receipt:",
		LetterWhy: "The shop sent this letter at your request. If you did not ask for anything, delete it.",
	},
}

func receiptWordsOf(language string) receiptWords {
	if words, ok := receiptLanguages[language]; ok {
		return words
	}
	return receiptLanguages["ru"]
}
