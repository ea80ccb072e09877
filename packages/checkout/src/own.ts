// Who may write to a value. While selling, states are values that others hold (views, drafts, the state before), so what
// changes is copied first. While a journal is read nobody holds them yet, and copying would be most of the work.

/** Written to by its owner alone. */
export type Owned<Value> = { -readonly [name in keyof Value]: Value[name] }

export interface Own {
  /** The value to write to. */
  <Value extends object>(value: Value): Owned<Value>
  /** The items, the one of that id changed; where there is none, nothing is. */
  changed<Item extends Named>(
    items: readonly Item[],
    id: Item['id'],
    change: (item: Owned<Item>) => void,
  ): readonly Item[]
  added<Item>(items: readonly Item[], item: Item): readonly Item[]
}

interface Named {
  readonly id: unknown
}

/** Assigned, not spread: V8 (Node 20) gives each object a shape of its own that is spread and then added to. */
const copied = <Value extends object>(value: Value): Owned<Value> => Object.assign({}, value)

export const COPIED: Own = Object.assign(
  <Value extends object>(value: Value): Owned<Value> => copied(value),
  {
    changed: <Item extends Named>(
      items: readonly Item[],
      id: Item['id'],
      change: (item: Owned<Item>) => void,
    ) =>
      items.map(item => {
        if (item.id !== id) return item
        const copy = copied(item)
        change(copy)
        return copy
      }),
    added: <Item>(items: readonly Item[], item: Item) => [...items, item],
  },
)

export const IN_PLACE: Own = Object.assign(<Value extends object>(value: Value): Owned<Value> => value, {
  changed: <Item extends Named>(
    items: readonly Item[],
    id: Item['id'],
    change: (item: Owned<Item>) => void,
  ) => {
    for (const item of items) if (item.id === id) change(item)
    return items
  },
  added: <Item>(items: readonly Item[], item: Item) => {
    // Readonly for everybody but its owner.
    ;(items as Item[]).push(item)
    return items
  },
})
