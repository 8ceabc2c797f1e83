import access from "./access.json";
import connect from "./connect.json";
import journal from "./journal.json";
import notify from "./notify.json";
import people from "./people.json";
import tree from "./tree.json";

export default {
  ...access,
  ...connect,
  ...journal,
  ...notify,
  ...people,
  ...tree,
};
