/** Windows that most visits never open: what draws them is read when the first one opens. */
import type { DrawerProps, ModalProps } from "@mantine/core";
import { lazy, Suspense, useState } from "react";

const Modal = lazy(() => import("./windows").then((m) => ({ default: m.Modal })));
const Drawer = lazy(() => import("./windows").then((m) => ({ default: m.Drawer })));

/** Stays once it was opened, so that it can close before one's eyes. */
function useOnce(opened: boolean): boolean {
  const [ever, setEver] = useState(opened);
  if (opened && !ever) setEver(true);
  return ever || opened;
}

export function LaterModal(props: ModalProps) {
  return useOnce(props.opened) ? (
    <Suspense fallback={null}>
      <Modal {...props} />
    </Suspense>
  ) : null;
}

export function LaterDrawer(props: DrawerProps) {
  return useOnce(props.opened) ? (
    <Suspense fallback={null}>
      <Drawer {...props} />
    </Suspense>
  ) : null;
}
