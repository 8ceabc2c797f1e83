package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	_ "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	_ "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// servedFiles gives the files whose services the two doors serve.
func servedFiles() (files []protoreflect.FileDescriptor) {
	for _, name := range []protoreflect.FullName{"cabinet.v1", "uplink.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
			files = append(files, file)
			return true
		})
	}
	return files
}

// TestNeeds: every method of every service is in the one table, and nothing else is.
func TestNeeds(t *testing.T) {
	methods := map[string]bool{}
	for _, file := range servedFiles() {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				procedure := fmt.Sprintf("/%s/%s", service.FullName(), service.Methods().Get(j).Name())
				methods[procedure] = true
				need, ok := Needs(procedure)
				if !ok {
					t.Errorf("%s is not in the table", procedure)
				}
				if service.Name() == "UplinkService" && need != TheAgent || service.Name() != "UplinkService" && need == TheAgent {
					t.Errorf("%s needs %q", procedure, need)
				}
			}
		}
	}
	if len(methods) < 20 {
		t.Fatalf("only %d methods found", len(methods))
	}
	var everyone []string
	for procedure, need := range needs {
		if !methods[procedure] {
			t.Errorf("the table has %s, which does not exist", procedure)
		}
		if need == Everyone {
			everyone = append(everyone, procedure[strings.LastIndexByte(procedure, '/')+1:])
		}
	}
	for procedure := range dangerous {
		if !methods[procedure] || needs[procedure] == Everyone {
			t.Errorf("%s is dangerous, and does not exist or is open to everyone", procedure)
		}
	}
	slices.Sort(everyone)
	if diff := cmp.Diff([]string{
		"AcceptInvitation", "BeginPasskeySignIn", "CancelContactChange", "CheckPassword", "ConfirmSignUp", "Enroll", "FinishPasskeySignIn", "FinishReset",
		"FinishSignIn", "GeneratePassword", "GetChallenge", "GetEntrance", "GetInvitation", "Refresh", "SendCodeAgain", "SignIn", "SignOut", "StartReset", "StartSignUp",
	}, everyone); diff != "" {
		t.Errorf("open to everyone (-want +got):\n%s", diff)
	}
	if _, ok := Needs("/cabinet.v1.FleetService/Nothing"); ok {
		t.Error("a method that does not exist may be called")
	}
}

func TestPerson_Can(t *testing.T) {
	var nobody *Person
	for _, permission := range []Permission{TillsView, MoneyView, SignedIn, Everyone, TheAgent, ""} {
		if nobody.Can(permission) || (&Person{Rights: []Right{Role("no such role").In("", "")}}).Can(permission) {
			t.Errorf("nobody may %q", permission)
		}
	}
	for _, role := range Roles() {
		p := &Person{Rights: []Right{role.In("", "")}}
		for _, never := range []Permission{SignedIn, Everyone, TheAgent, ""} {
			if p.Can(never) {
				t.Errorf("%s holds %q, which is no permission of people", role, never)
			}
		}
		if !p.Can(TillsView) {
			t.Errorf("%s sees no tills", role)
		}
	}
	if technician := (&Person{Rights: []Right{Technician.In("", "")}}); technician.Can(MoneyView) || !technician.Can(TillsRecover) {
		t.Errorf("a technician may %v", technician.Permissions())
	}
}

type world struct {
	*Access
	now      time.Time
	password string
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	authority, err := OpenAuthority(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	if w.Access, err = New(s, authority, slog.New(slog.DiscardHandler), clock); err != nil {
		t.Fatal(err)
	}
	if err := w.FirstStart(t.Context(), "ООО «Ромашка»", func(login, password string) error {
		if login != "admin" {
			t.Errorf("login %q", login)
		}
		w.password = password
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func both(t *testing.T, body func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, s *store.Store) { body(t, newWorld(t, s)) })
}

func TestFirstStart(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		authority, err := OpenAuthority(t.TempDir(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		a, err := New(s, authority, slog.New(slog.DiscardHandler), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		unshown := errors.New("no screen")
		if err := a.FirstStart(t.Context(), "o", func(string, string) error { return unshown }); !errors.Is(err, unshown) {
			t.Errorf("a password nobody saw: %v", err)
		}
		shown := 0
		for range 2 {
			if err := a.FirstStart(t.Context(), "o", func(_, password string) error {
				shown++
				if len(password) < 16 {
					t.Errorf("password of %d characters", len(password))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if shown != 1 {
			t.Errorf("shown %d times", shown)
		}
	})
}

// in signs somebody in from a browser.
func (w *world) in(t *testing.T, login, password, address string) Entry {
	t.Helper()
	e, err := w.SignIn(t.Context(), Credentials{Login: login, Password: password, From: Caller{address, "Firefox/1 Windows"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (w *world) try(t *testing.T, login, password, address string) error {
	t.Helper()
	_, err := w.SignIn(t.Context(), Credentials{Login: login, Password: password, From: Caller{address, ""}})
	return err
}

// person is somebody as the door knows them now.
func (w *world) person(t *testing.T, e Entry) *Person {
	t.Helper()
	p, err := w.Session(t.Context(), e.Tokens.Short)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) signedIn(t *testing.T, e Entry) bool {
	t.Helper()
	_, err := w.Session(t.Context(), e.Tokens.Short)
	if err != nil && !errors.Is(err, ErrNoSession) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSignIn(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		e := w.in(t, " Admin ", w.password, "10.0.0.1")
		if p := e.Person; p.Login != "admin" || p.Organisation != "ООО «Ромашка»" || !p.Can(MoneyView) || p.Standing.Due != nil || p.Proven(w.now) != nil {
			t.Errorf("%+v", p)
		}
		wrong, stranger := w.try(t, "admin", w.password+"x", "10.0.0.1"), w.try(t, "nobody", w.password, "10.0.0.1")
		if !errors.Is(wrong, ErrCredentials) || !errors.Is(stranger, ErrCredentials) || wrong.Error() != stranger.Error() {
			t.Errorf("the answers tell logins apart: %v, %v", wrong, stranger)
		}
		for _, login := range []string{"", " ", "\x00", "\xff", strings.Repeat("я", 5000)} {
			if err := w.try(t, login, "x", "10.0.0.9"); !errors.Is(err, ErrCredentials) {
				t.Errorf("%.10q: %v", login, err)
			}
		}
		if _, err := w.Session(t.Context(), e.Tokens.Short+"x"); !errors.Is(err, ErrNoSession) {
			t.Errorf("a session of nobody: %v", err)
		}
		w.now = w.now.Add(SessionLife - time.Second)
		if !w.signedIn(t, e) {
			t.Error("ended too early")
		}
		w.now = w.now.Add(time.Second)
		if w.signedIn(t, e) {
			t.Error("the short cookie is a long one")
		}
		e = w.in(t, "admin", w.password, "10.0.0.1")
		if err := w.SignOut(t.Context(), e.Tokens.Short, ""); err != nil {
			t.Fatal(err)
		}
		if w.signedIn(t, e) {
			t.Error("after signing out")
		}
		if _, err := w.Refresh(t.Context(), e.Tokens.Long, Caller{}); !errors.Is(err, ErrNoSession) {
			t.Errorf("the long cookie after signing out: %v", err)
		}
		e = w.in(t, "admin", w.password, "10.0.0.1")
		w.now = w.now.Add(SessionLife)
		if err := w.SignOut(t.Context(), e.Tokens.Short, e.Tokens.Long); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Refresh(t.Context(), e.Tokens.Long, Caller{}); !errors.Is(err, ErrNoSession) {
			t.Errorf("signing out late: %v", err)
		}
		if err := w.SignOut(t.Context(), "", ""); err != nil {
			t.Errorf("nobody signs out: %v", err)
		}
	})
}

// TestSignIn_work: who is unknown costs as many hashes as who is known, however they are wrong.
func TestSignIn_work(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.SQLite(t)))
	for i, c := range [][2]string{{"admin", "wrong password"}, {"nobody", "wrong password"}, {"+79161234567", "x"}, {"a@b.ru", ""}, {"", ""}, {"admin", strings.Repeat("x", 2000)}} {
		before := hashed.Load()
		if err := w.try(t, c[0], c[1], fmt.Sprint("10.0.1.", i)); !errors.Is(err, ErrCredentials) {
			t.Errorf("%q: %v", c[0], err)
		}
		if n := hashed.Load() - before; n != 1 {
			t.Errorf("%q: %d hashes", c[0], n)
		}
	}
}

func TestSignIn_limit(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.SQLite(t)))
	for range perPair {
		if err := w.try(t, "admin", "wrong", "10.0.0.1"); !errors.Is(err, ErrCredentials) {
			t.Fatal(err)
		}
	}
	if err := w.try(t, "admin", w.password, "10.0.0.1"); !errors.Is(err, ErrTooOften) {
		t.Errorf("guessing goes on: %v", err)
	}
	if err := w.try(t, "admin", w.password, "10.0.0.2"); err != nil {
		t.Errorf("the guesser shuts the owner out: %v", err)
	}
	w.now = w.now.Add(10 * time.Minute)
	if err := w.try(t, "admin", w.password, "10.0.0.1"); err != nil {
		t.Errorf("for ever: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		mine, other := w.in(t, "admin", w.password, "a"), w.in(t, "admin", w.password, "b")
		p := w.person(t, mine)
		if err := w.ChangePassword(t.Context(), p, "wrong", "long enough now"); !errors.Is(err, ErrCredentials) {
			t.Errorf("a wrong password: %v", err)
		}
		for _, weak := range []string{"short", "password123", "admin-admin"} {
			if err := w.ChangePassword(t.Context(), p, w.password, weak); !errors.Is(err, ErrWeak) {
				t.Errorf("%q: %v", weak, err)
			}
		}
		if err := w.ChangePassword(t.Context(), p, w.password, "long enough now"); err != nil {
			t.Fatal(err)
		}
		if !w.signedIn(t, mine) {
			t.Error("my session ended")
		}
		if w.signedIn(t, other) {
			t.Error("the other session lives")
		}
		if _, err := w.Refresh(t.Context(), other.Tokens.Long, Caller{}); !errors.Is(err, ErrNoSession) {
			t.Errorf("the other device lives: %v", err)
		}
		if err := w.try(t, "admin", w.password, "c"); !errors.Is(err, ErrCredentials) {
			t.Errorf("the old password: %v", err)
		}
	})
}

func TestAddPerson(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		password, err := w.AddPerson(t.Context(), "Пётр@example.ru", "Пётр", "", Technician)
		if err != nil {
			t.Fatal(err)
		}
		if p := w.in(t, "ПЁТР@EXAMPLE.RU", password, "a").Person; !p.Can(TillsRecover) || p.Can(MoneyView) {
			t.Errorf("%v", p)
		}
		if _, err := w.AddPerson(t.Context(), "пётр@example.ru ", "", "", Viewer); !errors.Is(err, ErrLogin) {
			t.Errorf("the same login: %v", err)
		}
		if _, err := w.AddPerson(t.Context(), "x", "", "", "king"); err == nil {
			t.Error("a role there is not")
		}
		if again, err := w.ResetPassword(t.Context(), "пётр@example.ru", ""); err != nil || again == password {
			t.Errorf("reset: %v", err)
		}
	})
}

func request(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestEnroll(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		code, expires, err := w.NewCodeOfFirst(t.Context(), "Магазин")
		if err != nil || !expires.Equal(w.now.Add(CodeLife)) {
			t.Fatal(code, expires, err)
		}
		if len(code) != 14 || strings.Count(code, "-") != 2 {
			t.Errorf("code %q", code)
		}
		if _, _, err := w.Enroll(t.Context(), "AAAA-BBBB-CCCC", request(t), "pc", "1", "x"); !errors.Is(err, ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
		if _, _, err := w.Enroll(t.Context(), code, []byte("no request"), "pc", "1", "x"); !errors.Is(err, ErrRequest) {
			t.Errorf("no request: %v", err)
		}
		typed := strings.ToLower(strings.ReplaceAll(code, "-", " "))
		agent, der, err := w.Enroll(t.Context(), typed, request(t), "pc", "1", "x")
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: w.authority.Pool(), CurrentTime: w.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
			t.Error(err)
		}
		if _, err := cert.Verify(x509.VerifyOptions{Roots: w.authority.Pool(), CurrentTime: w.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
			t.Error("an agent can pass for a server")
		}
		if id, ok := AgentID(cert); !ok || id != agent.ID || IsCabinet(cert) {
			t.Errorf("the certificate is of %q", id)
		}
		if _, _, err := w.Enroll(t.Context(), code, request(t), "pc", "1", "x"); !errors.Is(err, ErrCode) {
			t.Errorf("a used code: %v", err)
		}
		late, _, err := w.NewCodeOfFirst(t.Context(), "Магазин")
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(CodeLife)
		if _, _, err := w.Enroll(t.Context(), late, request(t), "pc", "1", "x"); !errors.Is(err, ErrCode) {
			t.Errorf("an expired code: %v", err)
		}
		known, err := w.Agent(t.Context(), agent.ID)
		if err != nil || known.Organisation != "ООО «Ромашка»" {
			t.Errorf("%v %v", known, err)
		}
		if err := w.Revoke(t.Context(), "another organisation", agent.ID, "admin"); !errors.Is(err, ErrAgent) {
			t.Errorf("revoked by a stranger: %v", err)
		}
		if err := w.Revoke(t.Context(), agent.OrganisationID, agent.ID, "admin"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Agent(t.Context(), agent.ID); !errors.Is(err, ErrRevoked) {
			t.Errorf("revoked, and let in: %v", err)
		}
	})
}

// TestEnroll_race: of many that use one code at once one gets in.
func TestEnroll_race(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		code, _, err := w.NewCodeOfFirst(t.Context(), "Магазин")
		if err != nil {
			t.Fatal(err)
		}
		results := make(chan error, 8)
		for range cap(results) {
			csr := request(t)
			go func() {
				_, _, err := w.Enroll(t.Context(), code, csr, "pc", "1", "x")
				results <- err
			}()
		}
		in := 0
		for range cap(results) {
			if err := <-results; err == nil {
				in++
			} else if !errors.Is(err, ErrCode) {
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d got in", in)
		}
	})
}

func TestOpenAuthority(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "authority")
	first, err := OpenAuthority(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "authority.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key is %v %v", info.Mode(), err)
	}
	second, err := OpenAuthority(dir, time.Now)
	if err != nil || second.Fingerprint() != first.Fingerprint() {
		t.Errorf("another authority at the second start: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "authority.pem"), []byte("gone"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAuthority(dir, time.Now); err == nil {
		t.Error("a damaged authority is opened, or silently made anew")
	}
}

// TestServer: a server certificate is replaced before it ends.
func TestServer(t *testing.T) {
	now := time.Now()
	a, err := OpenAuthority(t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	config := a.Server([]string{"kassa.example.ru", "192.0.2.7"}, false)
	for range 10 {
		got, err := config.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(got.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"kassa.example.ru", "192.0.2.7", "127.0.0.1", "localhost"} {
			if _, err := cert.Verify(x509.VerifyOptions{Roots: a.Pool(), DNSName: host, CurrentTime: now}); err != nil {
				t.Errorf("%s: %v", host, err)
			}
		}
		now = now.Add(20 * 24 * time.Hour)
	}
}

func TestPassword(t *testing.T) {
	fewer := argonMemory
	argonMemory = usualMemory
	t.Cleanup(func() { argonMemory = fewer })
	hash, err := hashPassword("правильный пароль")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=32768,t=2,p=1$") || !checkPassword(hash, "правильный пароль") || checkPassword(hash, "неправильный") {
		t.Error(hash)
	}
	for _, broken := range []string{"", "$argon2id$", "$argon2i$v=19$m=1,t=1,p=1$AA$AA", "$argon2id$v=19$m=8,t=1,p=1$AAAA$", "$argon2id$v=19$m=8,t=1,p=1$!$AA"} {
		if checkPassword(broken, "") {
			t.Errorf("%q lets in", broken)
		}
	}
}
