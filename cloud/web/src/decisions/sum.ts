import { isReceipt } from "../documents/marks";
import { lineSum } from "../documents/ReceiptBody";
import { Kind, type Operation } from "../gen/fiscal/v1/fiscal_pb";

/** Sum that was asked for, minor units: no document tells it yet. Undefined when there is none, or it may not be seen. */
export function askedSum(op: Operation): bigint | undefined {
  if (op.kind === Kind.CASH_IN || op.kind === Kind.CASH_OUT) return op.amount > 0n ? op.amount : undefined;
  if (!isReceipt(op.kind) || !op.receipt) return undefined;
  const lines = op.receipt.items.map((i) => (i.sum > 0n ? i.sum : (lineSum(i.quantity, i.price) ?? 0n)));
  return lines.reduce((n, x) => n + x, 0n) - op.receipt.rounding;
}
