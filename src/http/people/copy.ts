import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'

/**
 * What runs in a page that offers YAML: it shows the button and copies the text beside it. Where a page is not in a secure context
 * there is no clipboard to ask for, and the selection is copied.
 */
export const COPY = `for (const button of document.querySelectorAll('button[data-copies]')) {
  const source = document.getElementById(button.dataset.copies)
  const label = button.textContent
  button.hidden = false
  button.addEventListener('click', async () => {
    let copied = true
    try {
      await navigator.clipboard.writeText(source.textContent)
    } catch {
      getSelection().selectAllChildren(source)
      copied = document.execCommand('copy')
    }
    button.textContent = copied ? 'Copied' : 'Selected: copy it with the keyboard'
    setTimeout(() => { button.textContent = label }, 4000)
  })
}
`

const SCRIPT = Buffer.from(COPY)

/** `/x/copy.js`, beside the pages that name it. */
export function addCopyScript(router: Router): void {
  router.add('/x/copy.js', 'explain', exchange =>
    sendAnswer(exchange, {
      status: 200,
      headers: ['Content-Type', 'text/javascript; charset=utf-8', 'Cache-Control', 'no-cache', ...NOSNIFF],
      body: SCRIPT,
    }),
  )
}
