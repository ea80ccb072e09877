// Questions to the person at the keyboard. Whoever presses Esc has answered nothing, which is undefined here.
import { confirm, isCancel, log, note, select, text } from '@clack/prompts'
import { minorOf } from './amount.ts'
import type { Story } from './story.ts'

export interface Choice {
  readonly value: string
  readonly label: string
  readonly hint?: string
}

/** More than this many lines of a list are scrolled. */
const LINES_SHOWN = 12

export async function choose(message: string, choices: readonly Choice[]): Promise<string | undefined> {
  const answer = await select({
    message,
    options: [...choices],
    maxItems: LINES_SHOWN,
    showInstructions: false,
  })
  return isCancel(answer) ? undefined : answer
}

export async function type(message: string, placeholder = ''): Promise<string | undefined> {
  const answer = await text({
    message,
    placeholder,
    validate: value => (value?.trim() ? undefined : 'Please type something.'),
  })
  return isCancel(answer) ? undefined : answer.trim()
}

/** An amount as people write it, `20` or `20.50`, in minor units. Enter alone takes `suggested`. */
export async function typeAmount(message: string, suggested: string): Promise<number | undefined> {
  const answer = await text({
    message,
    placeholder: suggested,
    defaultValue: suggested,
    validate: value =>
      minorOf(value || suggested) === undefined ? 'An amount like 20 or 20.50, please.' : undefined,
  })
  return isCancel(answer) ? undefined : minorOf(answer)
}

/** Yes only when somebody says yes; Enter alone says no. */
export async function isMeant(message: string): Promise<boolean> {
  return (await confirm({ message, initialValue: false })) === true
}

/** Tells it between the questions. */
export const spokenStory: Story = {
  heading: words => log.step(words),
  say: words => log.message(words, { spacing: 0 }),
  paper: (title, words) => note(words, title),
}
