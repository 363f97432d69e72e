import type { Message, Told } from './told.ts'

/** An adaptive card in a message, as a workflow of Teams takes it. */
export function teamsMessage({ type, source, title, text, url }: Told): Message {
  return {
    contentType: 'application/json',
    body: JSON.stringify({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            body: [
              { type: 'TextBlock', text: escaped(title), wrap: true, weight: 'Bolder', size: 'Medium' },
              ...(text === '' ? [] : [{ type: 'TextBlock', text: escaped(text), wrap: true }]),
              { type: 'TextBlock', text: escaped(`${type} · ${source}`), wrap: true, isSubtle: true, size: 'Small' },
            ],
            ...(url === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'More', url }] }),
          },
        },
      ],
    }),
  }
}

/** Text blocks know some Markdown, entities, and `{{DATE(…)}}`; line feeds are only seen as two. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\\`*_[\](){}#~|!]/g, '\\$&')
    .replace(/^(\s*)([-+=])/gm, '$1\\$2')
    .replace(/^(\s*\d+)\./gm, '$1\\.')
    .replaceAll('\n', '\n\n')
}
