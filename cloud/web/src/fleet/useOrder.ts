import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { byAttention, keepOrder } from "./light";

/**
 * Problems first, but nothing moves under the cursor: while the pointer or the keyboard is among the rows, or a
 * finger has just been there, rows keep their places.
 */
export function useOrder(tills: readonly Till[]) {
  const inside = useRef(false);
  const touched = useRef(0);
  const [order, setOrder] = useState<string[]>([]);
  const wanted = useMemo(() => [...tills].sort(byAttention).map((x) => x.id), [tills]);

  useEffect(() => {
    const busy = () => inside.current || Date.now() - touched.current < 5000;
    const settle = () => setOrder((shown) => keepOrder(shown, wanted, !busy()));
    settle();
    const touch = () => {
      touched.current = Date.now();
    };
    // Rows may move again a while after the last touch.
    const timer = setInterval(settle, 2000);
    window.addEventListener("touchstart", touch, { passive: true });
    window.addEventListener("touchmove", touch, { passive: true });
    return () => {
      clearInterval(timer);
      window.removeEventListener("touchstart", touch);
      window.removeEventListener("touchmove", touch);
    };
  }, [wanted]);

  const rows = useMemo(() => {
    const byId = new Map(tills.map((x) => [x.id, x]));
    return keepOrder(order, wanted, false).flatMap((id) => byId.get(id) ?? []);
  }, [tills, order, wanted]);

  const guard = {
    onPointerEnter: (e: PointerEvent) => {
      if (e.pointerType === "mouse") inside.current = true;
    },
    onPointerLeave: () => {
      inside.current = false;
    },
    onFocus: () => {
      inside.current = true;
    },
    onBlur: () => {
      inside.current = false;
    },
  };
  return { rows, guard };
}
