holds() { facts_are expect p @PROJECT@; }
act() { cannot 'the host has changed'; }
