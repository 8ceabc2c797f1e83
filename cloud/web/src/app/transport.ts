import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { inOrganisation } from "../people/organisation";

/** The door to the cabinet: the same origin the pages came from; the session is a cookie. */
export function cabinetTransport(): Transport {
  return createConnectTransport({
    baseUrl: window.location.origin,
    useBinaryFormat: true,
    interceptors: [inOrganisation],
  });
}

/**
 * Why something could not be read, in the words of screens: nobody answered, the answer was no, it is not for this
 * person or not on record, or the session is over.
 */
export type Trouble = "unreachable" | "refused" | "forbidden" | "signedout";

/** Sorts an error of a call. A refusal and silence are different things to the person who reads them. */
export function troubleOf(error: unknown): Trouble {
  const e = ConnectError.from(error);
  switch (e.code) {
    case Code.Unauthenticated:
      return "signedout";
    case Code.PermissionDenied:
    case Code.NotFound:
      return "forbidden";
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.Canceled:
    case Code.Aborted:
      return "unreachable";
    default:
      // fetch says TypeError when there was nobody at the other end.
      return e.cause instanceof TypeError ? "unreachable" : "refused";
  }
}

/** The code shown beside the text: support asks for it. A refusal that says why in a word has that word. */
export function codeOf(error: unknown): string {
  const reason = ConnectError.from(error).metadata.get("Chekan-Reason");
  if (reason) return reason;
  return Code[ConnectError.from(error).code].replace(/(?!^)([A-Z])/g, "_$1").toLowerCase();
}
