/** A text that is not the quantity, duration or instant it should be; the message says what was expected. */
export class UnitError extends Error {
  override readonly name = "UnitError";
}
