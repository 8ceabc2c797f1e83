package api

import (
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// exportRows bounds a file, whatever it is of; exportPage is how many rows are read at once.
const exportRows, exportPage = 50_000, 2000

// sheet is a file made of a list: as many of its rows as a file may hold.
type sheet struct {
	file []byte
	// ending of the file's name, with its dot.
	ending string
	rows   uint32
	// cut says that there are more rows; the last line of the file says so too.
	cut bool
}

// export writes a list as a file. The list is read page by page: a page begins at a mark, has so many rows at most, and comes with the
// mark of the next one. The zero mark is the beginning, and the end.
func export[Row any, Mark comparable](
	format cabinetv1.TableFormat, layout reports.Layout, page func(mark Mark, limit int) ([]Row, Mark, error), cells func(Row) []reports.Cell,
) (*sheet, error) {
	table, ending, err := reports.New(format, layout)
	if errors.Is(err, reports.ErrFormat) {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	} else if err != nil {
		return nil, err
	}
	s := &sheet{ending: ending}
	var mark, end Mark
	for {
		rows, next, err := page(mark, min(exportPage, exportRows-int(s.rows)))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if err := table.Add(cells(row)); err != nil {
				return nil, fmt.Errorf("write table: %w", err)
			}
			s.rows++
		}
		if mark = next; mark == end {
			break
		}
		if s.cut = s.rows >= exportRows; s.cut {
			if err := table.Cut(exportRows); err != nil {
				return nil, fmt.Errorf("write table: %w", err)
			}
			break
		}
	}
	if s.file, err = table.Bytes(); err != nil {
		return nil, fmt.Errorf("write table: %w", err)
	}
	return s, nil
}

// pagesOf gives the pages of a list that is in memory already, for [export].
func pagesOf[Row any](list []Row) func(from, limit int) ([]Row, int, error) {
	return func(from, limit int) ([]Row, int, error) {
		to := from + limit
		if to >= len(list) {
			return list[from:], 0, nil
		}
		return list[from:to], to, nil
	}
}
