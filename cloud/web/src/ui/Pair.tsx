import type { ReactNode } from "react";

/** A fact and its name, in a list of them. */
export function Pair({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
