import type { Message, Told } from './told.ts'

/** An incoming webhook of Slack, or of what speaks like it: `text` where there is room for a line, else blocks. */
export function slackMessage({ type, source, title, text, url }: Told): Message {
  const line = escaped(title)
  const more = [escaped(text), ...(url === undefined ? [] : [`<${address(url)}|More>`])].filter(part => part !== '')
  return {
    contentType: 'application/json',
    body: JSON.stringify({
      text: line,
      unfurl_links: false,
      unfurl_media: false,
      blocks: [
        { type: 'section', text: words(`*${line}*`) },
        ...(more.length === 0 ? [] : [{ type: 'section', text: words(cutWhole(more)) }]),
        { type: 'context', elements: [words(escaped(`${type} · ${source}`))] },
      ],
    }),
  }
}

/** Three characters are all that Slack reads anything out of: mentions, links, entities. `verbatim`: it makes no links of its own. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function words(text: string): object {
  return { type: 'mrkdwn', text, verbatim: true }
}

/** characters of one block's text */
const MOST = 3_000

/** Escaping makes a text longer: then its lines go, whole, and the link stays. */
function cutWhole(parts: readonly string[]): string {
  const [text = '', ...links] = parts
  const room = MOST - links.reduce((sum, link) => sum + link.length + 1, 0)
  const short = text.length <= room ? text : `${text.slice(0, room - 1).replace(/&[a-z]*$/, '')}…`
  return [short, ...links].join('\n')
}

function address(url: string): string {
  return escaped(url.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E'))
}
