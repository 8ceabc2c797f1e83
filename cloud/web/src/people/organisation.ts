/**
 * In which organisation this tab works. The choice lives as long as the tab: two tabs may show two companies. Every call
 * carries it; the cabinet decides whether the person works there.
 */
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

const CHOSEN = "chekan.organisation";
const HEADER = "Chekan-Organisation";

/** The organisation chosen in this tab; empty is where the person signed in. */
export function chosenOrganisation(): string {
  try {
    return sessionStorage.getItem(CHOSEN) ?? "";
  } catch {
    return forgetful;
  }
}

// Storage may be forbidden; the choice then lasts as long as the page.
let forgetful = "";

export function chooseOrganisation(id: string) {
  forgetful = id;
  try {
    if (id) sessionStorage.setItem(CHOSEN, id);
    else sessionStorage.removeItem(CHOSEN);
  } catch {
    // as above
  }
}

/**
 * Adds the choice to every call. A person who asks who they are and is not let into the chosen company no longer works
 * there, or is another person: the choice is forgotten, and the question asked again.
 */
export const inOrganisation: Interceptor = (next) => async (request) => {
  const id = chosenOrganisation();
  if (!id) return next(request);
  request.header.set(HEADER, id);
  try {
    return await next(request);
  } catch (error) {
    const asksWho = !request.stream && request.method.name === "WhoAmI";
    if (!asksWho || ConnectError.from(error).code !== Code.PermissionDenied) throw error;
    chooseOrganisation("");
    request.header.delete(HEADER);
    return next(request);
  }
};
