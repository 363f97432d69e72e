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
