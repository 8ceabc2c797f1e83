package journal

func runWriter(args []string) (int, bool) { return 0, false }
