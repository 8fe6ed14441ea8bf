// An engine without files: the tests that read one are left out there.
export const readFileSync = () => {
  throw new Error("no files here");
};
