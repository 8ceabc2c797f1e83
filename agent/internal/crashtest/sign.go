package crashtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// keyFile is the agent's own key for reports, in the data folder.
const keyFile = "report.key"

// Key gives the agent's own key for reports; it is made when there is none.
func Key(data string) (ed25519.PrivateKey, error) {
	path := filepath.Join(data, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of reports: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read the key of reports: %s is not PEM", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read the key of reports: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read the key of reports: %s holds a %T", path, parsed)
	}
	return key, nil
}

// makeKey writes a new key whole or not at all.
func makeKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key of reports: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a key of reports: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make a key of reports: %w", err)
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a key of reports: %w", err)
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, fmt.Errorf("make a key of reports: %w", err)
	}
	return key, nil
}

// Fingerprint names a key: what people compare.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// report is the file: the certificate and the signature over its bytes without
// the white space between them.
type report struct {
	Certificate json.RawMessage `json:"certificate"`
	Signature   signature       `json:"signature"`
}

type signature struct {
	Algorithm string `json:"algorithm"`
	PublicKey string `json:"public_key"` // base64
	Value     string `json:"value"`      // base64
}

const algorithm = "ed25519"

// Sign makes the file of a certificate.
func Sign(c Certificate, key ed25519.PrivateKey) ([]byte, error) {
	body, err := encode(c)
	if err != nil {
		return nil, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("sign the report: not a key")
	}
	sig, err := encode(signature{
		Algorithm: algorithm, PublicKey: base64.StdEncoding.EncodeToString(public), Value: base64.StdEncoding.EncodeToString(ed25519.Sign(key, body)),
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, slices.Concat([]byte(`{"certificate":`), body, []byte(`,"signature":`), sig, []byte("}")), "", "  "); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// encode is JSON without white space and without escapes that only web pages
// need: other programs have to come to the same bytes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// ErrReport is wrapped by everything that makes a report worth nothing.
var ErrReport = errors.New("отчёт недействителен")

// Verify checks a file: the signature, and that the verdict follows from the
// points. Whose key it is, the caller has to know.
func Verify(file []byte) (Certificate, ed25519.PublicKey, error) {
	bad := func(why string, args ...any) (Certificate, ed25519.PublicKey, error) {
		return Certificate{}, nil, fmt.Errorf("%w: %s", ErrReport, fmt.Sprintf(why, args...))
	}
	var r report
	if err := json.Unmarshal(file, &r); err != nil {
		return bad("это не отчёт: %v", err)
	}
	public, err := base64.StdEncoding.DecodeString(r.Signature.PublicKey)
	if err != nil || r.Signature.Algorithm != algorithm || len(public) != ed25519.PublicKeySize {
		return bad("подписи нет")
	}
	value, err := base64.StdEncoding.DecodeString(r.Signature.Value)
	if err != nil {
		return bad("подписи нет")
	}
	var body bytes.Buffer
	if err := json.Compact(&body, r.Certificate); err != nil {
		return bad("%v", err)
	}
	if !ed25519.Verify(public, body.Bytes(), value) {
		return bad("подпись не сходится: отчёт изменён")
	}
	var c Certificate
	strict := json.NewDecoder(&body)
	strict.DisallowUnknownFields()
	if err := strict.Decode(&c); err != nil {
		return bad("%v", err)
	}
	if c.Format != Format {
		return bad("формат %d, эта программа знает %d", c.Format, Format)
	}
	if why := c.contradiction(); why != "" {
		return bad("%s", why)
	}
	return c, public, nil
}

// contradiction finds what in the verdict does not follow from the points.
func (c Certificate) contradiction() string {
	v := c.Verdict
	var total Cell
	missed := 0
	for _, line := range c.Points {
		p, ok := parsePoint(line)
		if !ok {
			return "точка не читается: " + line
		}
		if p.Missed && !p.Bad() {
			missed++
			continue
		}
		total.add(p)
	}
	switch {
	case hashOf(c.Points) != v.PointsSHA256:
		return "хэш журнала точек не сходится"
	case total != v.Total || missed != v.Missed:
		return "итог не следует из точек"
	case v.Passed != (v.Complete && v.Archive && total.Points > 0 && total.clean()):
		return "вердикт не следует из итога"
	}
	return ""
}
