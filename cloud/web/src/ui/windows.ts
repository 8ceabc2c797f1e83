/** The windows of the library, apart from the pages that open them: see later.tsx. */
export { Drawer, Modal } from "@mantine/core";
