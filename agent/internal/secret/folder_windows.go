package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Folder makes a folder that only the agent's account, the system and
// administrators enter. One that exists has to belong to one of them, and
// groups that mean everybody are taken out of its rights; whoever was let in by
// name stays: an administrator may have let the shop's software in.
func Folder(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_PATH_NOT_FOUND) {
		return create(dir)
	}
	if err != nil {
		return fmt.Errorf("read the rights of %s: %w", dir, err)
	}
	holder, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("read the owner of %s: %w", dir, err)
	}
	if !trusted(holder.String(), self()) {
		return fmt.Errorf("%s: %w", dir, ErrForeign)
	}
	_, rights, _ := strings.Cut(sd.String(), "D:")
	tight, changed := tighten("D:" + rights)
	if !changed {
		return nil
	}
	want, err := windows.SecurityDescriptorFromString(tight)
	if err != nil {
		return fmt.Errorf("read rights: %w", err)
	}
	dacl, _, err := want.DACL()
	if err != nil {
		return fmt.Errorf("read rights: %w", err)
	}
	if err := windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, dacl, nil); err != nil {
		return fmt.Errorf("close %s to others: %w", dir, err)
	}
	return nil
}

// Share gives a folder that whoever runs this owns to administrators, so that
// the agent's service trusts it ([Folder]). Only an administrator can.
func Share(dir string) error {
	all, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err == nil {
		err = windows.SetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION, all, nil, nil, nil)
	}
	if err != nil {
		return fmt.Errorf("give %s to administrators: %w", dir, err)
	}
	return nil
}

// create makes dir and what is missing above it, each private from its first
// moment.
func create(dir string) error {
	if above := filepath.Dir(dir); above != dir {
		if _, err := os.Stat(above); errors.Is(err, os.ErrNotExist) {
			if err := create(above); err != nil {
				return err
			}
		}
	}
	sd, err := windows.SecurityDescriptorFromString(private())
	if err != nil {
		return fmt.Errorf("read rights: %w", err)
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	sa := windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(sa))
	if err := windows.CreateDirectory(name, &sa); err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return nil
}

// self is the account this program runs as; "" when the system does not say.
func self() string {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return ""
	}
	return user.User.Sid.String()
}
