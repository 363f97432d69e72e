/** Lines of a text, by places in it. */
export class TextLines {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** Where the comments begin that stand right above a line, as far in as it. */
  commentsAbove(line: number): number {
    const column = /^ */.exec(this.#text.slice(line, this.end(line)))?.[0].length ?? 0
    let at = line
    while (at > 0) {
      const previous = this.start(at - 1)
      const [, indentation] = /^( *)#/.exec(this.#text.slice(previous, at)) ?? []
      if (indentation?.length !== column) return at
      at = previous
    }
    return at
  }

  columnOf(offset: number): number {
    return this.#text.slice(this.start(offset), offset).replace('\uFEFF', '').length
  }

  /** Where the line begins that holds a place. */
  start(offset: number): number {
    return offset === 0 ? 0 : this.#text.lastIndexOf('\n', offset - 1) + 1
  }

  /** Where the next line begins. */
  end(offset: number): number {
    const at = this.#text.indexOf('\n', offset)
    return at < 0 ? this.#text.length : at + 1
  }
}
