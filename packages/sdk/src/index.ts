// The SDK that a cash register embeds.
export {}
