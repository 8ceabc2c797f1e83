/** Words of the first pages; the others come with the pages that speak them. */
import base from "./base.json";
import remote from "./remote.json";
import sales from "./sales.json";
import shell from "./shell.json";
import tills from "./tills.json";

export default {
  ...base,
  ...remote,
  ...sales,
  ...shell,
  ...tills,
};
