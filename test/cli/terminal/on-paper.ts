import type { Output } from '../../../src/cli/terminal/output.ts'
import { createScreen, type Screen } from '../../../src/cli/terminal/screen.ts'

/** An output that keeps what is written, without colour and as wide as it gets. */
export function paper(changes: Partial<Output> = {}): Output & { readonly text: string } {
  let text = ''
  const write = (more: string): void => {
    text += more
  }
  return {
    out: write,
    err: write,
    colour: { out: false, err: false },
    columns: undefined,
    progress: false,
    ...changes,
    get text() {
      return text
    },
  }
}

/** What is drawn on a screen, as text. */
export function drawn(draw: (screen: Screen) => void): string {
  const output = paper()
  draw(createScreen(output))
  return output.text
}
