import { Tokenizer } from 'htmlparser2'

/** A tag that holds more than any tag of a page does. */
export class TagTooLong extends Error {
  override readonly name = 'TagTooLong'
}

export type Attributes = Readonly<Record<string, string | undefined>>

/** What a document is made of, in its order. Names are lower case, entities are what they stand for. */
export interface TagReader {
  /** of several attributes of one name, the first holds */
  open(name: string, attributes: Attributes): void
  close(name: string): void
  text(text: string): void
}

const MOST_ATTRIBUTES = 64
/** characters */
const LONGEST_VALUE = 64 * 1024

/**
 * Walks the tags of an HTML document. The tokenizer alone is used: it knows comments, entities, and elements such as `script`
 * that hold no tags, and takes time in proportion to the text. A parser keeps a stack of open elements besides, and a document
 * of a few megabytes that opens elements and closes none would keep it busy for minutes. Throws {@link TagTooLong}.
 */
export function walkTags(html: string, reader: TagReader): void {
  let name = ''
  let attributes = new Map<string, string>()
  let attribute = ''
  let value = ''
  const slice = (start: number, end: number): string => html.slice(start, end)

  const tokenizer = new Tokenizer(
    { decodeEntities: true },
    {
      onopentagname(start, end) {
        name = slice(start, end).toLowerCase()
        attributes = new Map()
      },
      onattribname(start, end) {
        attribute = slice(start, end).toLowerCase()
        value = ''
      },
      onattribdata(start, end) {
        value += slice(start, end)
        if (value.length > LONGEST_VALUE) throw new TagTooLong(`an attribute of more than ${LONGEST_VALUE} characters`)
      },
      onattribentity(codePoint) {
        value += String.fromCodePoint(codePoint)
      },
      onattribend() {
        if (!attributes.has(attribute)) attributes.set(attribute, value)
        if (attributes.size > MOST_ATTRIBUTES)
          throw new TagTooLong(`a tag with more than ${MOST_ATTRIBUTES} attributes`)
      },
      onopentagend: () => reader.open(name, Object.fromEntries(attributes)),
      onselfclosingtag: () => reader.open(name, Object.fromEntries(attributes)),
      onclosetag: (start, end) => reader.close(slice(start, end).toLowerCase()),
      ontext: (start, end) => reader.text(slice(start, end)),
      ontextentity: codePoint => reader.text(String.fromCodePoint(codePoint)),
      oncdata: ignore,
      oncomment: ignore,
      ondeclaration: ignore,
      onprocessinginstruction: ignore,
      onend: ignore,
    },
  )
  tokenizer.write(html)
  tokenizer.end()
}

function ignore(): void {}
