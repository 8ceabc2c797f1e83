/** What most visits never open is read when it is first opened: pages, their words, and what draws windows. */
import type { DrawerProps, ModalProps } from "@mantine/core";
import { type ComponentType, lazy, Suspense, useState } from "react";
import { bringLater } from "../words";

/** Content that is read when it is first shown, with the words that the first pages do without. */
export function speaking<P>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() => Promise.all([load(), bringLater()]).then(([content]) => content));
}

const Modal = lazy(() => import("./windows").then((m) => ({ default: m.Modal })));
const Drawer = lazy(() => import("./windows").then((m) => ({ default: m.Drawer })));

/** Stays once it was opened, so that it can close before one's eyes. */
export function useOnce(opened: boolean): boolean {
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
