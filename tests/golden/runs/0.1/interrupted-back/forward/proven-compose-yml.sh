holds() { file_as @PROJECT@/compose.yml target/compose.yml; }
act() { cannot 'compose.yml has changed'; }
