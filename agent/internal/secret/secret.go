// Package secret keeps what only the agent may read: bytes sealed by the system
// ([Seal], [Open]) and folders nobody else enters ([Folder]).
//
// # What it stands against
//
// Another user of the same computer: folders admit the agent's account, the
// system and administrators, and nobody else. On Unix that is the mode of the
// file; on Windows a protected access list, because ProgramData would pass
// reading by everyone down. On Windows the key is sealed as well (DPAPI), so
// that a copied file, a backup or a disk put into another computer gives no key.
//
// # What it does not
//
// An administrator, or root, reads what the agent reads. A cloned disk image
// carries the seal along: that is noticed by the cabinet, not prevented here.
// Unix has no seal of its own that works without a person or a chip, and none
// is pretended: there Seal gives back what it got.
//
// docs/decisions/0011 says why the seal is the computer's and not the account's.
package secret

import "errors"

// ErrForeign says that a folder for secrets belongs to somebody else.
var ErrForeign = errors.New("папка принадлежит другому пользователю: удалите её или переименуйте и запустите установку заново")
