package api

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// TestExport: a file holds the list from its beginning to its end or to the bound, in order, nothing twice, and says when there is more.
func TestExport(t *testing.T) {
	layout := reports.Layout{Sheet: "Числа", Rows: "чисел", Columns: []reports.Column{{Name: "Число", Width: 8}}}
	cells := func(n int) []reports.Cell { return []reports.Cell{reports.Number(int64(n))} }
	for _, count := range []int{0, 1, exportPage, exportPage + 1, 3*exportPage - 1, exportRows - 1, exportRows, exportRows + 1, exportRows + exportPage} {
		t.Run(strconv.Itoa(count), func(t *testing.T) {
			list := make([]int, count)
			for i := range list {
				list[i] = i + 1
			}
			read := 0
			out, err := export(cabinetv1.TableFormat_TABLE_FORMAT_CSV, layout, func(mark, limit int) ([]int, int, error) {
				rows, next, err := pagesOf(list)(mark, limit)
				if len(rows) > exportPage {
					t.Fatalf("%d rows read at once", len(rows))
				}
				read += len(rows)
				return rows, next, err
			}, cells)
			if err != nil {
				t.Fatal(err)
			}
			want := min(count, exportRows)
			if int(out.rows) != want || out.cut != (count > exportRows) || out.ending != ".csv" || read != want {
				t.Errorf("%d rows, cut %v, ending %q, %d read", out.rows, out.cut, out.ending, read)
			}
			lines := strings.Split(strings.TrimSpace(string(out.file)), "\r\n")[1:] // the first one is the header
			if cut := slices.IndexFunc(lines, func(s string) bool { return strings.Contains(s, "Показаны первые") }); (cut >= 0) != out.cut {
				t.Errorf("the line that says there is more: %d", cut)
			} else if out.cut {
				lines = lines[:cut]
			}
			if len(lines) != want {
				t.Fatalf("%d lines, want %d", len(lines), want)
			}
			for i, line := range lines {
				if line != strconv.Itoa(i+1) {
					t.Fatalf("line %d is %q", i+1, line)
				}
			}
		})
	}

	broken := errors.New("the database is gone")
	if _, err := export(cabinetv1.TableFormat_TABLE_FORMAT_XLSX, layout, func(mark string, _ int) ([]int, string, error) {
		if mark == "" {
			return []int{1}, "second", nil
		}
		return nil, "", broken
	}, cells); !errors.Is(err, broken) {
		t.Errorf("a page that cannot be read: %v", err)
	}
	if _, err := export(99, layout, pagesOf([]int{1}), cells); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a format nobody knows: %v", err)
	}
}
