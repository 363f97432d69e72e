import type { Output } from './output.ts'

/** What `tell` writes to `out`, as a file has it: without colours, and not wrapped. */
export function onPaper(tell: (output: Output) => void): string {
  let text = ''
  tell({
    out: part => {
      text += part
    },
    err() {},
    colour: { out: false, err: false },
    columns: undefined,
    progress: false,
  })
  return text
}
