package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// letter is a kind of message.
type letter string

const (
	letterSignUp      letter = "sign-up"       // code
	letterKnown       letter = "known"         // -
	letterRequest     letter = "request"       // name, e-mail, phone, organisation
	letterReset       letter = "reset"         // code
	letterPassword    letter = "password"      // -
	letterTheft       letter = "theft"         // browser, address
	letterNewContact  letter = "new contact"   // code
	letterOldContact  letter = "old contact"   // new contact, code
	letterWaits       letter = "waits"         // new contact, when, link
	letterChanged     letter = "changed"       // new contact
	letterCancelled   letter = "cancelled"     // new contact
	letterFactorOn    letter = "factor on"     // what
	letterFactorOff   letter = "factor off"    // what
	letterRecoverUsed letter = "recovery used" // codes left
)

// Languages of messages; the first is for who has none.
var languages = []string{"ru", "kk", "en"}

// words are subject and text of every message. They say what happened, what to do when it was not the reader, and nothing else: a
// message is read on locked screens. No line has a link that does something by being opened.
var words = map[letter]map[string][2]string{
	letterSignUp: {
		"ru": {"Код для регистрации", "Чекан: код %s. Он действует 10 минут. Никому его не называйте. Если вы не регистрировались, ничего не делайте."},
		"kk": {"Тіркелу коды", "Чекан: код %s. Ол 10 минут жарамды. Оны ешкімге айтпаңыз. Егер сіз тіркелмеген болсаңыз, ештеңе істемеңіз."},
		"en": {"Code to sign up", "Chekan: code %s. It is good for 10 minutes. Tell it to nobody. If you did not sign up, do nothing."},
	},
	letterKnown: {
		"ru": {"Вы уже зарегистрированы", "Чекан: кто-то регистрируется с этими данными, а у вас уже есть вход. Войдите или восстановите пароль на странице входа. Если это были не вы, ничего не делайте."},
		"kk": {"Сіз бұрын тіркелгенсіз", "Чекан: біреу осы деректермен тіркеліп жатыр, ал сізде кіру бар. Кіріңіз немесе кіру бетінде құпиясөзді қалпына келтіріңіз. Егер бұл сіз болмасаңыз, ештеңе істемеңіз."},
		"en": {"You are signed up already", "Chekan: somebody signs up with these contacts, and you can sign in with them already. Sign in, or reset the password on the sign-in page. If it was not you, do nothing."},
	},
	letterRequest: {
		"ru": {"Просят доступ к вашей организации", "Чекан: %s (%s, %s) просит доступ к организации %s. Если вы знаете этого человека, пригласите его на странице «Сотрудники». Иначе ничего не делайте."},
		"kk": {"Ұйымыңызға кіру сұралды", "Чекан: %s (%s, %s) %s ұйымына кіруді сұрайды. Егер бұл адамды білсеңіз, оны «Қызметкерлер» бетінде шақырыңыз. Әйтпесе ештеңе істемеңіз."},
		"en": {"Access to your organisation is asked for", "Chekan: %s (%s, %s) asks for access to %s. If you know them, invite them on the page People. Else do nothing."},
	},
	letterReset: {
		"ru": {"Код для нового пароля", "Чекан: код %s для нового пароля. Он действует 10 минут. Никому его не называйте. Если вы не меняли пароль, ничего не делайте: без кода его не сменить."},
		"kk": {"Жаңа құпиясөз коды", "Чекан: жаңа құпиясөз коды %s. Ол 10 минут жарамды. Оны ешкімге айтпаңыз. Егер сіз құпиясөзді өзгертпесеңіз, ештеңе істемеңіз: кодсыз өзгертілмейді."},
		"en": {"Code for a new password", "Chekan: code %s for a new password. It is good for 10 minutes. Tell it to nobody. If you do not change the password, do nothing: it cannot be changed without the code."},
	},
	letterPassword: {
		"ru": {"Пароль изменён", "Чекан: ваш пароль изменён, на остальных устройствах вход завершён. Если это были не вы, сразу восстановите пароль на странице входа и сообщите администратору."},
		"kk": {"Құпиясөз өзгертілді", "Чекан: құпиясөзіңіз өзгертілді, басқа құрылғыларда сеанс аяқталды. Егер бұл сіз болмасаңыз, кіру бетінде құпиясөзді бірден қалпына келтіріп, әкімшіге хабарлаңыз."},
		"en": {"The password was changed", "Chekan: your password was changed, and the other devices are signed out. If it was not you, reset the password on the sign-in page at once and tell the administrator."},
	},
	letterTheft: {
		"ru": {"Вход на одном устройстве завершён", "Чекан: ключ входа устройства «%s» показан во второй раз, с адреса %s. Так бывает, когда его украли, поэтому вход там завершён. Войдите снова; если чужих программ на устройстве быть не могло, смените пароль."},
		"kk": {"Бір құрылғыда сеанс аяқталды", "Чекан: «%s» құрылғысының кіру кілті екінші рет, %s мекенжайынан көрсетілді. Бұл кілт ұрланғанда болады, сондықтан ондағы сеанс аяқталды. Қайта кіріңіз және құпиясөзді өзгертіңіз."},
		"en": {"One device was signed out", "Chekan: the sign-in key of the device “%s” was shown a second time, from %s. That happens when it was stolen, so the device is signed out. Sign in again, and change the password."},
	},
	letterNewContact: {
		"ru": {"Код для подтверждения", "Чекан: код %s, чтобы подтвердить этот контакт. Он действует 10 минут. Никому его не называйте."},
		"kk": {"Растау коды", "Чекан: осы байланысты растау коды %s. Ол 10 минут жарамды. Оны ешкімге айтпаңыз."},
		"en": {"Code to confirm", "Chekan: code %s to confirm this contact. It is good for 10 minutes. Tell it to nobody."},
	},
	letterOldContact: {
		"ru": {"Код для смены контакта", "Чекан: ваш контакт меняют на %s. Код %s подтверждает это и действует 10 минут. Если это не вы, никому его не называйте и смените пароль."},
		"kk": {"Байланысты өзгерту коды", "Чекан: байланысыңызды %s деп өзгертіп жатыр. Код %s мұны растайды және 10 минут жарамды. Егер бұл сіз болмасаңыз, оны ешкімге айтпаңыз және құпиясөзді өзгертіңіз."},
		"en": {"Code to change a contact", "Chekan: your contact is being changed to %s. Code %s confirms that and is good for 10 minutes. If it is not you, tell it to nobody and change the password."},
	},
	letterWaits: {
		"ru": {"Ваш контакт будет изменён", "Чекан: ваш контакт будет изменён на %s %s, потому что старый назвали потерянным. Если это не вы, остановите смену: %s"},
		"kk": {"Байланысыңыз өзгертіледі", "Чекан: байланысыңыз %s деп %s өзгертіледі, себебі ескісі жоғалған деп айтылды. Егер бұл сіз болмасаңыз, өзгертуді тоқтатыңыз: %s"},
		"en": {"Your contact will be changed", "Chekan: your contact will be changed to %s on %s, because the old one was called lost. If it is not you, stop the change: %s"},
	},
	letterChanged: {
		"ru": {"Контакт изменён", "Чекан: ваш контакт теперь %s. Если это были не вы, сразу смените пароль и сообщите администратору."},
		"kk": {"Байланыс өзгертілді", "Чекан: байланысыңыз енді %s. Егер бұл сіз болмасаңыз, құпиясөзді бірден өзгертіп, әкімшіге хабарлаңыз."},
		"en": {"A contact was changed", "Chekan: your contact is now %s. If it was not you, change the password at once and tell the administrator."},
	},
	letterCancelled: {
		"ru": {"Смена контакта остановлена", "Чекан: смена контакта на %s остановлена. Если вы её не начинали, смените пароль."},
		"kk": {"Байланысты өзгерту тоқтатылды", "Чекан: байланысты %s деп өзгерту тоқтатылды. Егер сіз оны бастамаған болсаңыз, құпиясөзді өзгертіңіз."},
		"en": {"The change of a contact was stopped", "Chekan: the change of a contact to %s was stopped. If you did not begin it, change the password."},
	},
	letterFactorOn: {
		"ru": {"Добавлен второй фактор", "Чекан: ко входу добавлено: %s. Если это были не вы, сразу смените пароль и сообщите администратору."},
		"kk": {"Екінші фактор қосылды", "Чекан: кіруге қосылды: %s. Егер бұл сіз болмасаңыз, құпиясөзді бірден өзгертіп, әкімшіге хабарлаңыз."},
		"en": {"A second factor was added", "Chekan: added to the sign-in: %s. If it was not you, change the password at once and tell the administrator."},
	},
	letterFactorOff: {
		"ru": {"Второй фактор убран", "Чекан: из входа убрано: %s. Если это были не вы, сразу смените пароль и сообщите администратору."},
		"kk": {"Екінші фактор алынды", "Чекан: кіруден алынды: %s. Егер бұл сіз болмасаңыз, құпиясөзді бірден өзгертіп, әкімшіге хабарлаңыз."},
		"en": {"A second factor was removed", "Chekan: removed from the sign-in: %s. If it was not you, change the password at once and tell the administrator."},
	},
	letterRecoverUsed: {
		"ru": {"Вход по запасному коду", "Чекан: в кабинет вошли по запасному коду. Осталось кодов: %s. Если это были не вы, сразу смените пароль."},
		"kk": {"Қосалқы код бойынша кіру", "Чекан: кабинетке қосалқы код бойынша кірді. Қалған кодтар: %s. Егер бұл сіз болмасаңыз, құпиясөзді бірден өзгертіңіз."},
		"en": {"Signed in by a recovery code", "Chekan: somebody signed in by a recovery code. Codes left: %s. If it was not you, change the password at once."},
	},
}

// things are what letterFactorOn and letterFactorOff name.
var things = map[Factor]map[string]string{
	ByTOTP:     {"ru": "приложение с кодами", "kk": "кодтар қолданбасы", "en": "authenticator application"},
	ByPasskey:  {"ru": "ключ доступа", "kk": "кіру кілті", "en": "passkey"},
	ByRecovery: {"ru": "новые запасные коды", "kk": "жаңа қосалқы кодтар", "en": "new recovery codes"},
	ByOIDC:     {"ru": "вход через организацию", "kk": "ұйым арқылы кіру", "en": "sign-in through the organisation"},
}

// linkWords stand before the link of a letter.
var linkWords = map[string]string{"ru": "Или откройте страницу: ", "kk": "Немесе бетті ашыңыз: ", "en": "Or open the page: "}

func language(of string) string {
	if slices.Contains(languages, of) {
		return of
	}
	return languages[0]
}

// addressee is who gets messages, and where.
type addressee struct{ email, phone, language string }

func receiver(p db.GetPersonRow) addressee { return addressee{p.Email, p.Phone, p.Language} }

// tell sends a message to every confirmed contact of somebody.
func (a *Access) tell(ctx context.Context, to addressee, kind letter, args ...any) {
	if to.email != "" {
		a.write(ctx, to.email, to.language, kind, "", args...)
	}
	if to.phone != "" {
		a.write(ctx, to.phone, to.language, kind, "", args...)
	}
}

// write sends a message to one contact. It returns at once, whether or not there is a way to it: how long the answer takes says
// nothing about who is known. The link goes into letters only.
func (a *Access) write(ctx context.Context, contact, lang string, kind letter, link string, args ...any) {
	lang = language(lang)
	text := words[kind][lang]
	m := post.Message{To: contact, Text: fmt.Sprintf(text[1], args...)}
	mail := strings.Contains(contact, "@")
	if mail {
		m.Subject = text[0]
		if link != "" {
			m.Text += "\n\n" + linkWords[lang] + link
		}
	}
	select {
	case a.outbox <- outgoing{mail, kind, m}:
	default:
		a.log.WarnContext(ctx, "too many messages wait: one is dropped", "kind", string(kind))
	}
}

type outgoing struct {
	mail bool
	kind letter
	m    post.Message
}

const (
	// outboxLimit is how many messages may wait to be sent.
	outboxLimit = 1000
	// senders are those that are sent at once: a slow gateway must not hold up all the others.
	senders = 4
	// sendTime is how long one may take.
	sendTime = 45 * time.Second
)

// deliver sends one message; who waits for a code asks for another when it does not come.
func (a *Access) deliver(ctx context.Context, o outgoing) {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	way := a.options.SMS
	if o.mail {
		way = a.options.Mail
	}
	if way == nil {
		a.log.WarnContext(ctx, "no way to send a message", "kind", string(o.kind), "mail", o.mail)
		return
	}
	if err := way.Send(ctx, o.m); err != nil {
		a.log.WarnContext(ctx, "message not sent", "kind", string(o.kind), "mail", o.mail, "error", err)
	}
}

// drain sends what waits.
func (a *Access) drain(ctx context.Context) {
	for {
		select {
		case o := <-a.outbox:
			a.deliver(ctx, o)
		default:
			return
		}
	}
}

// Run sends messages and applies what has waited long enough, until ctx ends.
func (a *Access) Run(ctx context.Context) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	for range senders {
		sending.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case o := <-a.outbox:
					a.deliver(ctx, o)
				}
			}
		})
	}
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := a.settleContacts(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "changes of contacts not looked at", "error", err)
			}
		}
	}
}

// link is the address of a page of the cabinet.
func (a *Access) link(path string) string {
	if a.options.PublicURL == "" {
		return ""
	}
	return strings.TrimRight(a.options.PublicURL, "/") + path
}
