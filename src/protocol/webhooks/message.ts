import { cloudEvent } from './cloud-event.ts'
import { plainLine, plainText } from './plain-text.ts'
import { slackMessage } from './slack-message.ts'
import { teamsMessage } from './teams-message.ts'
import type { Message, Told } from './told.ts'

export type Template = 'standard' | 'slack' | 'teams'

const TITLE = 150
const TEXT = 2_000
const VALUE = 1_000
const MOST_VALUES = 40

const MESSAGES: Readonly<Record<Template, (told: Told) => Message>> = {
  standard: cloudEvent,
  slack: slackMessage,
  teams: teamsMessage,
}

/** The body of a webhook: no markup in what is told does anything, and nothing is longer than a receiver takes. */
export function messageOf(told: Told, template: Template): Message {
  const data = Object.entries(told.data).slice(0, MOST_VALUES)
  return MESSAGES[template]({
    ...told,
    subject: plainLine(told.subject, TITLE),
    title: plainLine(told.title, TITLE),
    text: plainText(told.text, TEXT),
    data: Object.fromEntries(
      data.map(([key, value]) => [key, typeof value === 'string' ? plainText(value, VALUE) : value]),
    ),
  })
}
