/** Closes what was opened, the latest first; one that fails does not keep the others open. */
export class Closing {
  readonly #opened: { close(): unknown }[] = []

  add<Part extends { close(): unknown }>(part: Part): Part {
    this.#opened.push(part)
    return part
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (let part = this.#opened.pop(); part !== undefined; part = this.#opened.pop()) {
      try {
        await part.close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not close')
  }
}
