package fleet

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// maxReport bounds a report of a crash test.
const maxReport = 4 << 20

// report is the file that `chekan-agent crashtest` writes: a certificate, and a signature over its bytes without the white space
// between them. Only what the cabinet shows is read.
type report struct {
	Certificate json.RawMessage `json:"certificate"`
	Signature   struct {
		Algorithm string `json:"algorithm"`
		PublicKey []byte `json:"public_key"`
		Value     []byte `json:"value"`
	} `json:"signature"`
}

type certificate struct {
	Format  int `json:"format"`
	Verdict struct {
		Driver   string `json:"driver"`
		Model    string `json:"model"`
		Serial   string `json:"serial"`
		Firmware string `json:"firmware"`
		FN       string `json:"fn"`
		DebugFN  bool   `json:"debug_fn"`
		Agent    string `json:"agent"`
		Seed     uint64 `json:"seed"`
		Cells    []cell `json:"cells"`
		Total    cell   `json:"total"`
		Points   string `json:"points_sha256"`
		Complete bool   `json:"complete"`
		Archive  bool   `json:"archive"`
		Passed   bool   `json:"passed"`
	} `json:"verdict"`
	Points        []string `json:"points"`
	Circumstances struct {
		Ended  time.Time `json:"ended"`
		Median uint32    `json:"settle_median_ms"`
		Worst  uint32    `json:"settle_worst_ms"`
	} `json:"circumstances"`
}

type cell struct {
	Kind      string `json:"kind"`
	Trouble   string `json:"trouble"`
	Points    uint32 `json:"points"`
	Lost      uint32 `json:"lost"`
	Doubled   uint32 `json:"doubled"`
	Wrong     uint32 `json:"wrong"`
	Unsettled uint32 `json:"unsettled"`
}

func (c cell) clean() bool { return c.Lost+c.Doubled+c.Wrong+c.Unsettled == 0 }

func (c cell) proto() *cabinetv1.CertificateCell {
	return &cabinetv1.CertificateCell{
		Kind: c.Kind, Trouble: c.Trouble, Points: c.Points, Lost: c.Lost, Doubled: c.Doubled, Wrong: c.Wrong, Unsettled: c.Unsettled,
	}
}

// certificateFormat is the format of certificates the cabinet knows.
const certificateFormat = 1

// readReport checks the signature of a report and that its verdict agrees with its figures. Whose key it is nobody here can tell:
// every agent has its own, and its fingerprint is shown.
func readReport(file []byte) (*cabinetv1.Certificate, error) {
	bad := func(why string) (*cabinetv1.Certificate, error) {
		return nil, fmt.Errorf("report: %s: %w", why, ErrInvalid)
	}
	var r report
	if err := json.Unmarshal(file, &r); err != nil {
		return bad(err.Error())
	}
	var body bytes.Buffer
	if err := json.Compact(&body, r.Certificate); err != nil {
		return bad(err.Error())
	}
	if r.Signature.Algorithm != "ed25519" || len(r.Signature.PublicKey) != ed25519.PublicKeySize ||
		!ed25519.Verify(r.Signature.PublicKey, body.Bytes(), r.Signature.Value) {
		return bad("the signature does not hold")
	}
	var c certificate
	if err := json.Unmarshal(body.Bytes(), &c); err != nil {
		return bad(err.Error())
	}
	v := c.Verdict
	points := sha256.Sum256([]byte(strings.Join(c.Points, "\n") + "\n"))
	switch {
	case c.Format != certificateFormat:
		return bad(fmt.Sprintf("format %d", c.Format))
	case hex.EncodeToString(points[:]) != v.Points:
		return bad("the points are others")
	case int(v.Total.Points) > len(c.Points), v.Passed != (v.Complete && v.Archive && v.Total.Points > 0 && v.Total.clean()):
		return bad("the verdict does not follow")
	}
	sum, key := sha256.Sum256(file), sha256.Sum256(r.Signature.PublicKey)
	out := &cabinetv1.Certificate{
		Sha256: hex.EncodeToString(sum[:]), Key: hex.EncodeToString(key[:8]), EndedMs: c.Circumstances.Ended.UnixMilli(),
		Driver: v.Driver, Model: v.Model, Serial: v.Serial, Firmware: v.Firmware, Fn: v.FN, DebugFn: v.DebugFN, Agent: v.Agent, Seed: v.Seed,
		Total: v.Total.proto(), Complete: v.Complete, Archive: v.Archive, Passed: v.Passed,
		SettleMedianMs: c.Circumstances.Median, SettleWorstMs: c.Circumstances.Worst,
	}
	for _, one := range v.Cells {
		out.Cells = append(out.Cells, one.proto())
	}
	return out, nil
}

// ReportCertificate stores the report of a crash test with the till it names, of those that are the agent's. The same report twice is one.
func (f *Fleet) ReportCertificate(ctx context.Context, agent *access.Agent, file []byte) error {
	if len(file) > maxReport {
		return fmt.Errorf("report of %d bytes: %w", len(file), ErrInvalid)
	}
	c, err := readReport(file)
	if err != nil {
		return err
	}
	if !store.Keeps(c.GetDriver()) || !store.Keeps(c.GetSerial()) {
		return fmt.Errorf("report of till %q: %w", c.GetSerial(), ErrInvalid)
	}
	till, err := f.store.Read().FindTillBySerial(ctx, db.FindTillBySerialParams{OrganisationID: agent.OrganisationID, Driver: c.GetDriver(), Serial: c.GetSerial()})
	if store.NotFound(err) || err == nil && till.AgentID != agent.ID {
		return fmt.Errorf("till %s %q: %w", c.GetDriver(), c.GetSerial(), ErrNotFound)
	} else if err != nil {
		return fmt.Errorf("find till: %w", err)
	}
	if err := f.store.Write().PutCertificate(ctx, db.PutCertificateParams{
		OrganisationID: agent.OrganisationID, TillID: till.ID, Sha256: c.GetSha256(), EndedAt: c.GetEndedMs() * 1000, ReceivedAt: store.Micros(f.now()), Report: file,
	}); err != nil {
		return fmt.Errorf("store report: %w", err)
	}
	f.log.InfoContext(ctx, "certificate", "till", till.ID, "passed", c.GetPassed(), "points", c.GetTotal().GetPoints(), "key", c.GetKey())
	return nil
}

// Certificate gives what the newest crash test of a till has found; nil when there was none.
func (f *Fleet) Certificate(ctx context.Context, organisation, tillID string, withReport bool) (*cabinetv1.Certificate, error) {
	if _, err := f.Till(ctx, organisation, tillID); err != nil {
		return nil, err
	}
	row, err := f.store.Read().NewestCertificate(ctx, db.NewestCertificateParams{OrganisationID: organisation, TillID: tillID})
	if store.NotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	c, err := readReport(row.Report)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", row.Sha256, err)
	}
	c.ReceivedMs = row.ReceivedAt / 1000
	if withReport {
		c.Report = row.Report
	}
	return c, nil
}
