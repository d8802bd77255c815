holds() { file_as @PROJECT@/compose.yml before/compose.yml; }
act() { put_file before/compose.yml @PROJECT@/compose.yml 644; }
